"""Containers: where in a JPEG, PNG, HEIC ... its size, EXIF, XMP and IPTC lie. One file a family of formats."""
