"""Indexes that follow the store's change log."""
