"""What the daemon knows: the only floor that imports lmdb."""
