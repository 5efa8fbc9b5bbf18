"""kill -9 between any two writes, for every word about people and all that the machine does with faces."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.component.store_kit import quick_folder
from tests.preloaded import preloaded

CHECKOUT = Path(__file__).parents[2]
VICTIM = [sys.executable, "-m", "tests.component.people_victim"]
DIED = re.compile(r"(.+): (\d+) times nothing, (\d+) times all")
OF_THE_MACHINE = 5
WRITES = 100
"""At least, of all steps: journal and store, each with what brings it to the disk."""


@pytest.mark.timeout(600)
def test_a_daemon_that_is_killed_before_any_of_its_writes_has_done_all_of_a_step_or_nothing(tmp_path: Path) -> None:
    environ = {**os.environ, **preloaded(Path(__file__).with_name("deadly_writes.c"), tmp_path)}
    with quick_folder() as folder:
        done = subprocess.run([*VICTIM, folder], capture_output=True, text=True, cwd=CHECKOUT, env=environ, check=False)
    assert done.returncode == 0, done.stderr
    died = {what: (int(nothing), int(of_all)) for what, nothing, of_all in DIED.findall(done.stdout)}
    assert all(nothing for nothing, _ in died.values()), died
    assert sum(not of_all for _, of_all in died.values()) == OF_THE_MACHINE, died
    assert sum(map(sum, died.values())) >= WRITES
