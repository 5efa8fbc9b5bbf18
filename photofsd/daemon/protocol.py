r"""What is said over the control socket: one JSON object a line, one request a connection.

The client sends `{"command": "...", "args": {...}}` and keeps the connection open. The daemon sends any number of
`{"progress": {...}}`, then one `{"result": {...}}` or `{"error": {"type", "message", "exit_code"}}`, and closes.
A client that closes before the end cancels what it asked for. Odd bytes of paths travel as lone surrogates
(`"\udcff"`), as os.fsdecode makes them.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from photofsd import errors
from photofsd.daemon.commands import Command
from photofsd.errors import BadQuery, PhotofsdError, UsageError

SOCKET_NAME: Final = "control.sock"
MAX_REQUEST_BYTES: Final = 1 << 20

Message = Mapping[str, Any]
"""A JSON object: arguments, a report or a result."""

_ERRORS: Final[Mapping[str, type[PhotofsdError]]] = MappingProxyType(
    {name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, PhotofsdError)}
)


def encode(message: Message) -> bytes:
    """One line of JSON, in ASCII: whatever it holds, the line break at the end is the only one."""
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


def encode_request(command: Command[Any]) -> bytes:
    """The line that asks the daemon for something. Raises UsageError when it is longer than the daemon reads."""
    line = encode({"command": command.name, "args": dataclasses.asdict(command)})
    if len(line) > MAX_REQUEST_BYTES:
        raise UsageError(f"{command.name}: too much for one request (1 MiB); ask in several")
    return line


def encode_error(error: PhotofsdError) -> bytes:
    """The reply that makes the client raise the same error."""
    facts: dict[str, object] = {"type": type(error).__name__, "message": str(error), "exit_code": error.exit_code}
    if isinstance(error, BadQuery):
        facts |= {"reason": error.reason, "query": error.query, "position": error.position}
    return encode({"error": facts})


def decode_error(facts: Message) -> PhotofsdError:
    """The error that the daemon met; a plain PhotofsdError when its type is not known here."""
    kind = _ERRORS.get(facts["type"], PhotofsdError)
    if issubclass(kind, BadQuery):
        return kind(facts["reason"], facts["query"], facts["position"])
    return kind(facts["message"])
