"""Frames: what parent and child send each other over their socket pair, each behind its length."""

from __future__ import annotations

import socket
import struct

HEADER = struct.Struct(">I")
FRAME_MAX_BYTES = 64 << 20
READY = b"ready"
"""A child's first frame: it can work now."""


def send_frame(connection: socket.socket, frame: bytes) -> None:
    """Send a frame to the parent."""
    connection.sendall(HEADER.pack(len(frame)) + frame)


def receive_frame(connection: socket.socket) -> bytes | None:
    """The parent's next frame; None when it has closed the connection."""
    header = _exactly(connection, HEADER.size)
    return None if header is None else _exactly(connection, HEADER.unpack(header)[0])


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    received = bytearray(size)
    rest = memoryview(received)
    while rest:
        count = connection.recv_into(rest)
        if not count:
            return None
        rest = rest[count:]
    return bytes(received)
