"""Notices as signed calls to a web hook."""
