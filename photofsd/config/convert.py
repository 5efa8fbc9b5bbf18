"""From what TOML or the command line gives to what a setting holds."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import get_args, get_origin

from photofsd.config.schema import Setting
from photofsd.config.toml import literal


class Unfit(ValueError):
    """The value does not fit the setting; the message says what was expected."""


def convert(value: object, setting: Setting, base: Path) -> object:
    """Make `value` fit the type and the bounds of `setting`.

    base: the absolute folder that relative paths start from.
    Raises Unfit.
    """
    kind = setting.type
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            raise Unfit(f"expected a list of {_plural(get_args(kind)[0])}, {_got(value)}")
        return tuple(_scalar(item, get_args(kind)[0], base) for item in value)
    converted = _scalar(value, kind, base)
    if isinstance(converted, int | float):
        _check_bounds(converted, setting)
    return converted


def absolute(path: str, base: Path) -> Path:
    """`path` with ~ and .. resolved by their letters alone: a NAS that hangs, or our own mount, is never asked.

    Raises Unfit when ~ stands for nobody.
    """
    try:
        return Path(os.path.normpath(base / Path(path).expanduser()))
    except RuntimeError as error:
        raise Unfit(f"nobody's home folder is known as {literal(path.partition('/')[0])}") from error


def _scalar(value: object, kind: object, base: Path) -> object:
    match value:
        case bool() if kind is bool:
            return value
        case int() if kind is int and not isinstance(value, bool):
            return value
        case int() | float() if kind is float and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
        case str() if kind is str and "\0" not in value:
            return value
        case str() | Path() if kind is Path and str(value) and "\0" not in str(value):
            return absolute(str(value), base)
        case str() if value in get_args(kind):
            return value
    raise Unfit(f"expected {_singular(kind)}, {_got(value)}")


def _check_bounds(value: float, setting: Setting) -> None:
    low, high = setting.doc.at_least, setting.doc.at_most
    if low is not None and value < low:
        raise Unfit(f"expected {_singular(setting.type)} of at least {low}, got {literal(value)}")
    if high is not None and value > high:
        raise Unfit(f"expected {_singular(setting.type)} of at most {high}, got {literal(value)}")


def _singular(kind: object) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", Path: "a path"}
    if isinstance(kind, type):
        return names[kind]
    return "one of " + ", ".join(literal(choice) for choice in get_args(kind))


def _plural(kind: object) -> str:
    return 'paths, like ["/nas/photos"]' if kind is Path else 'texts, like ["*.tmp"]'


def _got(value: object) -> str:
    match value:
        case str() | bool() | int() | float():
            return f"got {literal(value)}"
        case list():
            return "got a list"
        case dict():
            return "got a table"
        case _:
            return f"got a {type(value).__name__}"
