"""A file to facts and pixels."""
