"""The stages: one file each, a function from a file to facts."""
