"""The child that clusters: `python -m photofsd.clustering.child FD MEMORY_MB`.

It says READY, is sent a Setup, and answers one request after the other until the daemon closes the connection. It reads
the store and the vectors, and writes nothing: the daemon commits what it says. So it may be killed at any moment.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import warnings
from pathlib import Path

import msgspec

from photofsd.clustering.clusterer import Clusterer
from photofsd.clustering.messages import FromClusterer, Look, Setup, ToClusterer, Unusable
from photofsd.errors import PhotofsdError
from photofsd.processes.frames import READY, receive_frame, send_frame
from photofsd.processes.lowered import lower_and_limit
from photofsd.store.env import Store


def main() -> None:
    """Answer until the parent closes the connection."""
    lower_and_limit(int(sys.argv[2]), maps_much=True)
    warnings.simplefilter("ignore")
    connection = socket.socket(fileno=int(sys.argv[1]))
    send_frame(connection, READY)
    frame = receive_frame(connection)
    if frame is not None:
        _serve(connection, msgspec.msgpack.decode(frame, type=Setup))


def _serve(connection: socket.socket, setup: Setup) -> None:
    decode = msgspec.msgpack.Decoder(ToClusterer).decode

    def say(message: FromClusterer) -> None:
        send_frame(connection, msgspec.msgpack.encode(message))

    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        try:
            store = Store.open(Path(setup.store), readonly=True)
            clusterer = Clusterer(store, setup)
            while (frame := receive_frame(connection)) is not None:
                request = decode(frame)
                say(clusterer.look(request.photos, say) if isinstance(request, Look) else clusterer.regroup(say))
        except PhotofsdError as error:
            _give_up(connection, str(error))
        except MemoryError:
            few = f"{setup.people.memory_mb} MB are too little for so many faces: see people.memory_mb"
            _give_up(connection, few)


def _give_up(connection: socket.socket, why: str) -> None:
    """Say why nothing can be done, and stay until that was heard: a daemon that asks the dead hears nothing else."""
    send_frame(connection, msgspec.msgpack.encode(Unusable(why)))
    while receive_frame(connection) is not None:
        pass


if __name__ == "__main__":
    main()
