"""The ids of models, remembered: to make one, every file of a model is read, a second for a gigabyte."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any, Final

import msgspec

from photofsd.durable import replace_file
from photofsd.errors import ModelUnusable
from photofsd.models.folder import ID_DIGITS, Installed

NAME_MAX_BYTES: Final = 255 - 1 - ID_DIGITS
"""An id is also the name of a folder."""

IDS: Final = "models.json"
"""The file in the state folder."""

_Stamp = list[list[Any]]


class KnownIds:
    """Ids by what stat() says of a model's files, kept in `file`. One thread."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, tuple[_Stamp, str]] = {}
        self._seen: dict[str, _Stamp] = {}
        with contextlib.suppress(OSError, ValueError):
            self._known = msgspec.json.decode(file.read_bytes(), type=dict[str, tuple[_Stamp, str]])

    def of(self, model: Installed) -> str | None:
        """The id; None while its files come in: they must be the same twice. Raises ModelUnusable."""
        _require_fit(model.name)
        folder = str(model.folder)
        try:
            stamp = _stamp(model)
            known = self._known.get(folder)
            if known is not None and known[0] == stamp:
                return known[1]
            before, self._seen[folder] = self._seen.get(folder), stamp
            if before != stamp:
                return None
            found = model.id
            if _stamp(model) != stamp:
                return None
        except OSError as error:
            raise ModelUnusable(f"the model in {folder} cannot be read: {error.strerror}") from error
        self._known[folder] = stamp, found
        with contextlib.suppress(OSError):  # it is read again at the next start, then
            replace_file(self._file, json.dumps(self._known).encode())
        return found


def _stamp(model: Installed) -> _Stamp:
    stats = ((file, (model.folder / file).stat()) for file in model.files)
    return [[file, stat.st_size, stat.st_mtime_ns] for file, stat in stats]


def _require_fit(name: str) -> None:
    try:
        fits = len(name.encode()) <= NAME_MAX_BYTES
    except UnicodeEncodeError:
        fits = False
    if not fits:
        raise ModelUnusable(f"{name!r} is no name for a model: rename its folder to a shorter one, in UTF-8")
