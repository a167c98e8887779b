"""Giving and taking in an Okta org, as both connectors do it: plans, routes, carrying out, reading back."""
