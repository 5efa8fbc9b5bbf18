"""Where things lie when nothing says otherwise: the configuration file, the state, the models, the mount."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

SYSTEM_FILE: Final = Path("/etc/photofsd/photofsd.toml")


class Value(NamedTuple):
    """A value and where it came from, in words."""

    value: object
    origin: str


def find_file(explicit: Path | None, environ: Mapping[str, str], system_file: Path = SYSTEM_FILE) -> Path | None:
    """The configuration file to read: --config, $PHOTOFSD_CONFIG, the user's, the system's; None when there is none.

    A file that was asked for by name is returned whether it exists or not: that is worth an error, not a default.
    """
    if explicit is not None:
        return explicit.absolute()
    if named := environ.get("PHOTOFSD_CONFIG"):
        return Path(named).absolute()
    user_file = _home(environ, "XDG_CONFIG_HOME", ".config") / "photofsd" / "photofsd.toml"
    return next((file for file in (user_file, system_file) if os.access(file, os.F_OK)), None)


def default_places(file: Path | None, environ: Mapping[str, str], system_file: Path = SYSTEM_FILE) -> dict[str, Value]:
    """The defaults of the settings that are folders of ours, by key."""
    places = _system_places() if _is_system(file, environ, system_file) else _user_places(environ)
    if folder := _first(environ, "STATE_DIRECTORY"):
        places["state"] = Value(folder, "environment (STATE_DIRECTORY)")
    if folder := _first(environ, "RUNTIME_DIRECTORY"):
        places["runtime"] = Value(folder, "environment (RUNTIME_DIRECTORY)")
    return places


def beside_the_state(state: Value) -> dict[str, Value]:
    """The defaults of the folders that lie in the state folder unless something else is said."""
    folder = Path(str(state.value))
    return {"runtime": Value(folder, state.origin), "models.folder": Value(folder / "models", state.origin)}


def _is_system(file: Path | None, environ: Mapping[str, str], system_file: Path) -> bool:
    state = _first(environ, "STATE_DIRECTORY")
    return file == system_file or (state is not None and state.is_relative_to("/var/lib"))


def _system_places() -> dict[str, Value]:
    return {
        "state": Value(Path("/var/lib/photofsd"), "default"),
        "mount.point": Value(Path("/mnt/photos"), "default"),
    }


def _user_places(environ: Mapping[str, str]) -> dict[str, Value]:
    return {
        "state": Value(_home(environ, "XDG_STATE_HOME", ".local/state") / "photofsd", "default"),
        "models.folder": Value(_home(environ, "XDG_DATA_HOME", ".local/share") / "photofsd" / "models", "default"),
        "mount.point": Value(Path("~/Photos").expanduser(), "default"),
    }


def _home(environ: Mapping[str, str], variable: str, default: str) -> Path:
    """A base folder of the XDG specification, which says to ignore values that are not absolute."""
    named = Path(environ.get(variable, ""))
    return named if named.is_absolute() else Path("~").expanduser() / default


def _first(environ: Mapping[str, str], variable: str) -> Path | None:
    """The first folder of a list as systemd makes them."""
    first = environ.get(variable, "").partition(":")[0]
    return Path(first) if first else None
