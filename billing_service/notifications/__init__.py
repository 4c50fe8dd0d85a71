"""Channels of an organization, and the notifications that the worker delivers to them."""
