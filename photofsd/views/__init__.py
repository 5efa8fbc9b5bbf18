"""The generated folders: one file a view."""
