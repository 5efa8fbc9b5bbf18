"""The renderer's child: turns one photo at a time into a JPEG. Untrusted content is parsed here, as by the readers.

Run as `python -m photofsd.pipeline.render_child FD MEMORY_MB`. It says READY once it is; then every frame in is an
Order, answered by an Outcome and, where there is a JPEG, by frames with its bytes. Limited as a reader is, but for its
place at the processor: somebody waits for what it does.
"""

from __future__ import annotations

import logging
import socket
import sys
import warnings
from typing import Final

import msgspec

from photofsd.display import shown
from photofsd.errors import FileChanged
from photofsd.media.decode import decode
from photofsd.media.render import rendition
from photofsd.media.source import Source
from photofsd.pipeline.render_order import FRAME_BYTES, Order, Outcome
from photofsd.pipeline.worker import trouble_of
from photofsd.processes.frames import READY, receive_frame, send_frame
from photofsd.processes.lowered import lower_and_limit

NICE: Final = 5
"""Behind what people do, before what the readers do."""


def main() -> None:
    """Serve orders until the parent closes the connection."""
    lower_and_limit(int(sys.argv[2]), nice=NICE)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    connection = socket.socket(fileno=int(sys.argv[1]))
    decoded = msgspec.msgpack.Decoder(Order).decode
    send_frame(connection, READY)
    while (frame := receive_frame(connection)) is not None:
        _answer(connection, decoded(frame))


def _answer(connection: socket.socket, order: Order) -> None:
    encode = msgspec.msgpack.encode
    try:
        content = rendered(order)
    except Exception as error:  # noqa: BLE001 - a hostile file may raise anything in a decoder
        send_frame(connection, encode(Outcome(trouble=trouble_of(error, order.path))))
        return
    send_frame(connection, encode(Outcome(len(content))))
    for start in range(0, len(content), FRAME_BYTES):
        send_frame(connection, content[start : start + FRAME_BYTES])


def rendered(order: Order) -> bytes:
    """The JPEG that was ordered. Raises FileChanged, FileUnreadable, FileUndecodable."""
    with Source.open(order.path) as source:
        if (source.stat.st_size, source.stat.st_mtime_ns) != (order.size, order.mtime_ns):
            raise FileChanged(f"{shown(order.path)} has changed since the last scan")
        picture = decode(source, fit_px=order.settings.max_px or None)
        source.verify_unchanged()
    return rendition(picture.image, order.metadata, quality=order.settings.quality, room=order.room)


if __name__ == "__main__":
    main()
