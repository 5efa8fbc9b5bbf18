"""What the machine has, and the profile that is chosen from it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from photofsd.config import profiles
from photofsd.config.profiles import PROFILES, Machine, choose, measure_machine
from photofsd.config.schema import SETTINGS


def test_this_machine_has_memory_and_cores() -> None:
    machine = measure_machine()
    assert machine.memory_mb > 100
    assert 1 <= machine.cores <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    "machine, name",
    [
        (Machine(memory_mb=64_000, cores=16), "large"),
        (Machine(memory_mb=64_000, cores=2), "small"),
        (Machine(memory_mb=8_000, cores=32), "small"),
    ],
)
def test_the_large_profile_needs_memory_and_cores(machine: Machine, name: str) -> None:
    assert choose(machine) == name


def test_profiles_set_settings_that_exist_and_each_the_same() -> None:
    for values in PROFILES.values():
        assert values.keys() <= SETTINGS.keys()
        assert values.keys() == PROFILES["small"].keys()


def test_the_narrowest_control_group_limits_the_memory(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("0::/system.slice/photofsd.service\n")
    service = tmp_path / "root/system.slice/photofsd.service"
    service.mkdir(parents=True)
    (service / "memory.max").write_text("max\n")
    (service.parent / "memory.max").write_text("6000000000\n")
    assert profiles._memory_limit(own, tmp_path / "root") == 6_000_000_000


def test_a_machine_without_control_groups_has_no_limit(tmp_path: Path) -> None:
    assert profiles._memory_limit(tmp_path / "none", tmp_path) is None


@pytest.mark.parametrize(
    "cores, memory_mb, expected", [(2, 24_000, 2), (16, 8_000, 3), (1, 1_000, 1), (64, 256_000, 64), (4, 500, 1)]
)
def test_there_is_a_reader_a_core_as_far_as_half_of_the_memory_goes(cores: int, memory_mb: int, expected: int) -> None:
    assert profiles.readers(profiles.Machine(memory_mb, cores), 1024) == expected
