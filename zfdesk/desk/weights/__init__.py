"""Choosing, downloading and importing weights."""
