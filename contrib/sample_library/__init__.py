"""A drawn photo library: some 300 small pictures as a family's NAS would hold them, the same for the same seed."""
