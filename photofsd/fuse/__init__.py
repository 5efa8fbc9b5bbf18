"""The mount: the only floor that imports pyfuse3."""
