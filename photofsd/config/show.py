"""Settings as others read them: as a TOML file that can be used as it is, and as JSON."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from photofsd.config.load import Configuration
from photofsd.config.schema import SETTINGS, Setting, value_of
from photofsd.config.toml import literal


def effective(configuration: Configuration) -> Iterator[str]:
    """The lines of a configuration file that says what is in force, and where each value came from."""
    for section, settings in itertools.groupby(SETTINGS.values(), key=_section):
        if section:
            yield ""
            yield f"[{section}]"
        for setting in settings:
            name = setting.key.rpartition(".")[2]
            value = literal(value_of(configuration.settings, setting.key))
            yield f"{name} = {value}  # {configuration.origins[setting.key]}"


def _section(setting: Setting) -> str:
    return setting.key.rpartition(".")[0]


def plain(value: object) -> object:
    """The value of a setting as JSON takes it: paths as text, with odd bytes as lone surrogates."""
    match value:
        case Path():
            return str(value)
        case tuple():
            return [plain(item) for item in value]
        case _:
            return value
