"""What every test may ask for: marks by folder, and the test photos beside the checkout."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("usual", deadline=None)  # a busy machine is no failure
settings.register_profile("thorough", max_examples=2000, deadline=None)  # --hypothesis-profile=thorough
settings.load_profile("usual")

TESTS = Path(__file__).parent
MOUNT_LIMIT_S = 400  # such a test waits for things itself, and can say what did not happen
FOLDER_MARKS = ("mount", "systemd", "bench")


def pytest_configure() -> None:
    """Let SIGINT end things: a shell that starts us in the background has it ignored, and children inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of a folder by its name, and those that ask for `test_data`."""
    for item in items:
        floor = item.path.relative_to(TESTS).parts[0]
        if floor in FOLDER_MARKS:
            item.add_marker(floor)
        if floor == "faults":
            item.add_marker("mount")
        if item.get_closest_marker("mount"):  # no signal interrupts a call that waits for FUSE: end the process
            limit = item.get_closest_marker("timeout")
            seconds = limit.args[0] if limit and limit.args else MOUNT_LIMIT_S
            item.add_marker(pytest.mark.timeout(seconds, method="thread"), append=False)
        if "test_data" in getattr(item, "fixturenames", ()):
            item.add_marker("data")


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real photos with its manifest.csv; skips where it is absent."""
    folder = Path(os.environ.get("PHOTOFSD_TEST_DATA") or TESTS.parent.parent / "shared" / "data")
    if not (folder / "manifest.csv").is_file():
        pytest.skip(f"no test photos: {folder}/manifest.csv is absent (PHOTOFSD_TEST_DATA names another place)")
    return folder


@pytest.fixture(scope="session")
def test_models() -> Path:
    """A models folder with a small image-text model in it; skips where it, or what runs it, is absent."""
    pytest.importorskip("onnxruntime", reason="what runs models is not installed: pip install 'photofsd[ml]'")
    folder = Path(os.environ.get("PHOTOFSD_TEST_MODELS") or TESTS.parent.parent / "shared" / "models")
    if not (folder / "clip").is_dir():
        pytest.skip(f"no test models: {folder}/clip is absent (PHOTOFSD_TEST_MODELS names another place)")
    return folder
