"""A module of ours as a program of its own."""

from __future__ import annotations

import sys


def command_of(module: str, *arguments: str) -> list[str]:
    """What runs it. Nothing is imported from the folder that the user stands in: among photos may lie a json.py."""
    return [sys.executable, "-P", "-m", module, *arguments]
