"""Pixels to vectors and words."""
