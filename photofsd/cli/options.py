"""The options that every command takes, before or after its name."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from photofsd.config.load import Configuration, Overrides, load
from photofsd.config.schema import Settings

R = TypeVar("R")

# Of the type Path: click.Path would stat() the value, and hang on a tree or a library that does not answer.
_OPTIONS: Final = (
    click.option("--config", type=Path, metavar="FILE", help="Read the settings from FILE."),
    click.option("--library", type=Path, multiple=True, metavar="DIR", help="A folder of originals (repeatable)."),
    click.option("--mount", type=Path, metavar="DIR", help="Where the tree is mounted."),
    click.option("--state", type=Path, metavar="DIR", help="Where photofsd keeps what it knows."),
    click.option("--models", type=Path, metavar="DIR", help="Where models are looked for."),
    click.option("--debug", is_flag=True, help="Show the traceback of an error."),
)


@dataclasses.dataclass(slots=True)
class Invocation:
    """What the options before and after the command's name add up to."""

    overrides: Overrides = dataclasses.field(default_factory=Overrides)
    debug: bool = False

    @property
    def configuration(self) -> Configuration:
        """The settings with their origins. Raises BadConfig."""
        return load(self.overrides)

    @property
    def settings(self) -> Settings:
        """The settings. Raises BadConfig."""
        return self.configuration.settings


def common_options(function: Callable[..., R]) -> Callable[..., R]:
    """Give a click command the common options; its function gets the Invocation instead."""

    @functools.wraps(function)
    @click.pass_obj
    def noting(invocation: Invocation, /, **rest: Any) -> R:  # noqa: ANN401 - whatever click has parsed
        names = [field.name for field in dataclasses.fields(Overrides)]
        said = Overrides(**{name: rest.pop(name) for name in names})
        invocation.overrides = said.over(invocation.overrides)
        invocation.debug |= rest.pop("debug")
        return function(invocation, **rest)

    for option in reversed(_OPTIONS):
        noting = option(noting)
    return noting
