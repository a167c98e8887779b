"""Policies from the configuration."""
