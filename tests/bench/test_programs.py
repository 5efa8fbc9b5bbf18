"""The measurements that are programs of their own: each is run as one, and prints its figures itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.conftest import Scaled

HERE = Path(__file__).parent
NO_MEASUREMENTS = {"synthetic.py"}
SIZES = {
    "fuse_listing.py": ("--count", 100_000),
    "scan.py": ("--files", 30_000),
    "store_write.py": ("--photos", 100_000),
}
MISSED_A_LIMIT = 1


def programs() -> list[str]:
    """Files here that can be run and are no tests."""
    files = (file for file in sorted(HERE.glob("*.py")) if not file.name.startswith("test_"))
    return [file.name for file in files if file.name not in NO_MEASUREMENTS and "__main__" in file.read_text()]


@pytest.mark.parametrize("name", programs())
def test_program(name: str, scaled: Scaled) -> None:
    option, count = SIZES.get(name, ("", 0))
    size = [f"{option}={scaled(count)}"] if option else []
    sys.stdout.write(f"\n{' '.join([name, *size])}\n")
    sys.stdout.flush()
    ended = subprocess.run([sys.executable, HERE / name, *size], check=False, cwd=HERE.parents[1])
    assert ended.returncode in {0, MISSED_A_LIMIT}
