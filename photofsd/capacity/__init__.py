"""Sizing and projection: pure functions over measured figures."""
