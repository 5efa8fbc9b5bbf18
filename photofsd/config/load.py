"""From the configuration file, the environment and the command line to the settings.

Later wins: the schema's defaults, the places that the environment names, the profile, the file, the command line.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar, get_type_hints

from photofsd.config.convert import Unfit, convert
from photofsd.config.places import SYSTEM_FILE, Value, beside_the_state, default_places, find_file
from photofsd.config.profiles import PROFILES, Machine, choose, measure_machine
from photofsd.config.schema import SETTINGS, Settings
from photofsd.config.toml import lines_of_keys
from photofsd.config.validate import check
from photofsd.errors import BadConfig

Values = dict[str, Value]
_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line says; None and () are "nothing"."""

    config: Path | None = None
    library: tuple[Path, ...] = ()
    mount: Path | None = None
    state: Path | None = None
    models: Path | None = None

    def over(self, other: Overrides) -> Overrides:
        """Both together: where the two differ, this one wins."""
        names = [field.name for field in dataclasses.fields(self)]
        return Overrides(**{name: getattr(self, name) or getattr(other, name) for name in names})


@dataclasses.dataclass(frozen=True, slots=True)
class Configuration:
    """The settings, and where each came from.

    origins: by key, in words: "default", "profile small", "/etc/photofsd/photofsd.toml:12", "command line (--mount)".
    file:    the file that was read, if any.
    """

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None


def load(
    overrides: Overrides | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    system_file: Path = SYSTEM_FILE,
    machine: Machine | None = None,
) -> Configuration:
    """Read the configuration file, if there is one, and resolve every setting.

    The library may be missing (commands that only talk to the daemon need none): see `validate.require_library`.
    Raises BadConfig.
    """
    overrides = overrides or Overrides()
    environ = os.environ if environ is None else environ
    file = find_file(overrides.config, environ, system_file)
    values = {key: Value(setting.default, "default") for key, setting in SETTINGS.items()}
    places = default_places(file, environ, system_file)
    written = _read(file) if file is not None else {}
    commanded = _commanded(overrides)
    state = (places | written | commanded)["state"]
    values |= beside_the_state(state) | places | _profile(written, machine) | written | commanded
    settings = _build(Settings, values)
    origins = {key: value.origin for key, value in values.items()}
    check(settings, origins)
    return Configuration(settings, origins, file)


def _read(file: Path) -> Values:
    """The settings that stand in the file."""
    try:
        text = file.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise BadConfig(f"cannot read the configuration file {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"{file} is no TOML: {error}") from error
    lines = lines_of_keys(text)
    values: Values = {}
    for key, written in _flat(document):
        origin = f"{file}:{lines[key]}" if key in lines else str(file)
        if key not in SETTINGS:
            raise BadConfig(f"{origin}: there is no setting {key}{_did_you_mean(key)}")
        values[key] = _fit(key, written, origin, file.parent)
    return values


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """The values of nested tables by dotted key; a table that is no section of the schema comes whole."""
    for name, value in table.items():
        key = prefix + name
        if isinstance(value, dict) and _is_section(key):
            yield from _flat(value, key + ".")
        else:
            yield key, value


def _is_section(key: str) -> bool:
    return any(known.startswith(key + ".") for known in SETTINGS)


def _did_you_mean(key: str) -> str:
    """A hint at the known settings and sections whose last names look alike, in the same section first."""
    if _is_section(key):
        return f": it is a section, write [{key}]"
    section, _, name = key.rpartition(".")
    names: dict[str, list[str]] = {}
    for known in [*SETTINGS, *{known.partition(".")[0] for known in SETTINGS if "." in known}]:
        names.setdefault(known.rpartition(".")[2], []).append(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.7)
    suggestions = names[close[0]] if close else []
    beside = [known for known in suggestions if known.rpartition(".")[0] == section]
    return f"; did you mean {' or '.join(beside or suggestions)}?" if suggestions else ""


def _fit(key: str, value: object, origin: str, base: Path) -> Value:
    try:
        return Value(convert(value, SETTINGS[key], base), origin)
    except Unfit as error:
        raise BadConfig(f"{origin}: {key}: {error}") from error


def _profile(written: Values, machine: Machine | None) -> Values:
    """What the profile sets: the one that the file names, else the one that fits the machine."""
    named = written.get("profile", Value("auto", "")).value
    name = choose(machine or measure_machine()) if named == "auto" else str(named)
    return {key: Value(value, f"profile {name}") for key, value in PROFILES[name].items()}


def _commanded(overrides: Overrides) -> Values:
    """What the command line sets, relative to the current folder."""
    given: dict[str, tuple[str, object]] = {
        "library.folders": ("--library", overrides.library),
        "mount.point": ("--mount", overrides.mount),
        "state": ("--state", overrides.state),
        "models.folder": ("--models", overrides.models),
    }
    here = Path.cwd()
    return {key: _fit(key, value, f"command line ({option})", here) for key, (option, value) in given.items() if value}


def _build(struct: type[_T], values: Values, prefix: str = "") -> _T:
    """Fill a struct, and the structs in it, with the values of its keys."""
    arguments: dict[str, object] = {}
    for name, hint in get_type_hints(struct).items():
        nested = dataclasses.is_dataclass(hint) and isinstance(hint, type)
        arguments[name] = _build(hint, values, f"{prefix}{name}.") if nested else values[prefix + name].value
    return struct(**arguments)
