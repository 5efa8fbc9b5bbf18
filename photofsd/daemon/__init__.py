"""The running daemon: the only composition root."""
