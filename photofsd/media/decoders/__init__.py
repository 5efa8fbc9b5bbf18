"""Decoders: the pixels in a JPEG, HEIC, RAW ... One file a family of formats; they load heavy libraries."""
