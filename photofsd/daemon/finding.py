"""What a check of the doctor finds."""

from __future__ import annotations

from typing import Literal, NamedTuple

Level = Literal["ok", "warning", "problem"]


class Finding(NamedTuple):
    """What one check found. check: what was looked at; advice: what to do, empty when nothing needs doing."""

    check: str
    level: Level
    text: str
    advice: str = ""
