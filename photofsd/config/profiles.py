"""Profiles: the defaults that depend on the machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

LARGE_MEMORY_MB: Final = 24_000
LARGE_CORES: Final = 8

PROFILES: Final[Mapping[str, Mapping[str, object]]] = MappingProxyType(
    {
        "small": MappingProxyType({"library.scan_interval_s": 300.0, "readers.memory_mb": 1024}),
        "large": MappingProxyType({"library.scan_interval_s": 900.0, "readers.memory_mb": 2048}),
    }
)
"""What each profile sets: a million files take minutes to look through on a NAS, and big machines hold big pictures."""


class Machine(NamedTuple):
    """What a profile is chosen from: memory and cores that this process may use."""

    memory_mb: int
    cores: int


def measure_machine() -> Machine:
    """Memory and cores of this machine, less what a control group withholds."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _memory_limit(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))
    return Machine(memory_mb=min(memory, limit or memory) // 1_000_000, cores=len(os.sched_getaffinity(0)))


def choose(machine: Machine) -> str:
    """The name of the profile that fits the machine."""
    large = machine.memory_mb >= LARGE_MEMORY_MB and machine.cores >= LARGE_CORES
    return "large" if large else "small"


def readers(machine: Machine, memory_mb: int) -> int:
    """How many readers of `memory_mb` each suit the machine: one a core, all of them in half of its memory at worst."""
    return max(1, min(machine.cores, machine.memory_mb // (2 * memory_mb)))


def threads(chosen: int) -> int:
    """How many threads a model computes in: as chosen, 0 = one a core."""
    return chosen or measure_machine().cores


def _memory_limit(own_groups: Path, root: Path) -> int | None:
    """memory.max of our control group (version 2) and of those above it, in bytes; None without a limit."""
    try:
        lines = own_groups.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    group = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), None)
    if group is None:
        return None
    limits = [_number(folder / "memory.max") for folder in (root / group, *(root / group).parents)]
    return min((limit for limit in limits if limit is not None), default=None)


def _number(file: Path) -> int | None:
    try:
        text = file.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
