"""`stacks = "cover"` in a real daemon: of each shot one file, wherever its cover is; and a reload that changes it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from tests.mount.conftest import need_fuse
from tests.mount.photographer import Shot, exif, take
from tests.mount.walker import daemon

NOON = Shot("2024:06:15 12:00:00", "+00:00", ("Canon", "Canon EOS 7D"))
COVERS = {"edited-edited.png", "alone.jpg"}
ALL = {*COVERS, "edited.jpg"}


@dataclass
class Library:
    """A mounted library of an original, its edited copy (a PNG), and a photo that stands for itself."""

    mount: Path
    config: Path
    state: Path

    def names(self, folder: str) -> set[str]:
        return {path.name for path in (self.mount / folder).iterdir()}

    def show(self, stacks: str) -> str:
        """Change the setting and have it read again; what came of it."""
        self.config.write_text(f'stacks = "{stacks}"\n')
        words = [sys.executable, "-m", "photofsd", "ctl", "reload", "--state", str(self.state)]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    need_fuse()
    place = tmp_path_factory.mktemp("stacks")
    folder = place / "library"
    take(folder / "edited.jpg", NOON)
    Image.new("RGB", (32, 24), (9, 9, 9)).save(folder / "edited-edited.png", exif=exif(NOON))
    take(folder / "alone.jpg", Shot("2024:06:16 12:00:00", shade=5))
    made = Library(place / "photos", place / "photofsd.toml", place / "state")
    made.config.write_text('stacks = "cover"\n')
    with daemon(folder, made.state, made.mount, "--config", str(made.config)):
        yield made


@pytest.mark.parametrize("folder", ["by-date/2024/06/all", "recent", "search/2024", "jpeg/by-date/2024/06/all"])
def test_a_companion_is_hidden_where_its_cover_is_shown(library: Library, folder: str) -> None:
    assert library.names(folder) == COVERS
    assert not (library.mount / folder / "edited.jpg").exists()


@pytest.mark.parametrize(
    "folder", ["types/jpeg", "by-date/2024/all/+types/jpeg", "search/2024/+types/jpeg", "search/type:jpeg"]
)
def test_a_companion_is_shown_where_its_cover_is_not(library: Library, folder: str) -> None:
    assert library.names(folder) == {"edited.jpg", "alone.jpg"}
    assert (library.mount / folder / "edited.jpg").read_bytes()


def test_a_search_ranks_covers(library: Library) -> None:
    assert library.names("search/.ranked/2024") == {"001~alone.jpg", "002~edited-edited.png"}


def test_the_originals_are_all_in_folders(library: Library) -> None:
    assert library.names("folders") == ALL


def test_a_photo_tells_its_stack(library: Library) -> None:
    for name in ("edited.jpg", "edited-edited.png"):
        told = json.loads((library.mount / ".photofsd/photos" / f"{name}.json").read_bytes())
        assert told["stack"] == {
            "kinds": ["edited"],
            "cover": "edited-edited.png",
            "members": ["edited-edited.png", "edited.jpg"],
        }
    alone = json.loads((library.mount / ".photofsd/photos/alone.jpg.json").read_bytes())
    assert alone["stack"] is None


def test_a_reload_changes_what_is_shown(library: Library) -> None:
    companion = library.mount / "by-date/2024/06/all/edited.jpg"
    assert not companion.exists()
    assert library.show("all") == "applied: stacks\n"
    assert library.names("by-date/2024/06/all") == ALL
    assert library.names("search/2024") == ALL
    assert companion.exists()
    assert library.show("cover") == "applied: stacks\n"
    assert library.names("by-date/2024/06/all") == COVERS
