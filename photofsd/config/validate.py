"""What types and bounds cannot say of the settings: folders that must not overlap, names that must be names."""

from __future__ import annotations

import itertools
import zoneinfo
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from photofsd.config.schema import LibrarySettings, Settings
from photofsd.errors import BadConfig


def check(settings: Settings, origins: Mapping[str, str]) -> None:
    """Raise BadConfig for the first thing that makes no sense.

    Folders are compared by their letters: a look at the disk could hang on a NAS that is down, or on our own mount.
    """
    for problem in _problems(settings):
        raise BadConfig(f"{origins[problem.key]}: {problem.key}: {problem.text}")


def require_library(settings: Settings) -> None:
    """Raise BadConfig when no library folder is set."""
    if not settings.library.folders:
        raise BadConfig("no library folder is set: pass --library DIR, or write folders = [...] under [library]")


class _Problem(NamedTuple):
    key: str
    text: str


def _problems(settings: Settings) -> Iterator[_Problem]:
    yield from _nested_folders(settings.library)
    yield from _overlaps(settings)
    if "/" in settings.library.marker:
        yield _Problem("library.marker", "expected the name of a file, not a path")
    if any("/" in pattern for pattern in settings.library.prune):
        yield _Problem("library.prune", "expected globs over names: paths belong in library.exclude")
    if settings.timezone and not _is_timezone(settings.timezone):
        yield _Problem("timezone", f"there is no time zone {settings.timezone!r}; they read like Europe/Rome")
    if not _is_floor(settings.search.floor):
        yield _Problem("search.floor", f'expected "auto" or a cosine, like "0.22", not {settings.search.floor!r}')


def _is_floor(text: str) -> bool:
    try:
        return text == "auto" or -1 <= float(text) <= 1
    except ValueError:
        return False


def _nested_folders(library: LibrarySettings) -> Iterator[_Problem]:
    for one, other in itertools.combinations(library.folders, 2):
        if one == other:
            yield _Problem("library.folders", f"{one} is listed twice")
        elif one.is_relative_to(other) or other.is_relative_to(one):
            outer, inner = sorted((one, other))
            yield _Problem("library.folders", f"{inner} lies inside {outer}, so its photos would count twice")


def _overlaps(settings: Settings) -> Iterator[_Problem]:
    """Our folders in a library would be taken for photos; anything inside the mount would be hidden by it."""
    ours = {"state": settings.state, "runtime": settings.runtime, "models.folder": settings.models.folder}
    mount = settings.mount.point
    for folder in settings.library.folders:
        for key, path in {"mount.point": mount, **ours}.items():
            if path.is_relative_to(folder):
                yield _Problem(key, f"{path} lies inside the library folder {folder}: choose another place")
            elif folder.is_relative_to(path):
                yield _Problem("library.folders", f"{folder} lies inside {path} ({key})")
    for key, path in ours.items():
        if path.is_relative_to(mount):
            yield _Problem(key, f"{path} lies inside the mount point {mount}")


def _is_timezone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
