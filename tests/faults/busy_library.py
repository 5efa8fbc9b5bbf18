"""A library that people work in: photos arrive, are copied, edited, replaced, renamed, moved, deleted, described."""

from __future__ import annotations

import os
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import blake3

from tests.mount.photographer import Shot, take

XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="{}"/></rdf:RDF></x:xmpmeta>'
)
FOLDERS = 6
FEWEST = 40


class BusyLibrary:
    """Changes `folder`, one thing at a time, and remembers what must be true of it.

    done:  how many things.
    names: the base names that each content has had, by its digest: one of them is its view name, for good.
    """

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder = folder
        self.names: dict[bytes, set[bytes]] = {}
        self.done = 0
        self._chance = chance
        self._number = 0
        self._binned: list[tuple[Path, bytes]] = []
        self._things: tuple[Callable[[], None], ...] = (
            self.arrive, self.arrive, self.arrive, self.copy, self.edit, self.replace, self.rename, self.move,
            self.rename_folder, self.delete, self.delete, self.restore, self.describe, self.describe,
        )  # fmt: skip
        for _ in range(FEWEST):
            self.arrive()

    def work(self) -> None:
        """Do one thing or another."""
        self._chance.choice(self._things)()
        self.done += 1

    def photos(self) -> list[Path]:
        """Every photo that is there."""
        return sorted(self.folder.rglob("*.jpg"))

    def _fresh(self) -> str:
        self._number += 1
        return f"IMG_{self._number:05}.jpg"

    def _any(self) -> Path:
        return self._chance.choice(self.photos())

    def _any_folder(self) -> Path:
        known = sorted(path for path in self.folder.rglob("*") if path.is_dir())
        if len(known) < FOLDERS:
            return self.folder / f"folder {self._number}" / "below"
        return self._chance.choice(known)

    def _draw(self, path: Path) -> None:
        """A photo like no other."""
        self._number += 1
        day = f"20{self._number % 23:02}:06:{self._number % 28 + 1:02} 12:00:00"
        where = (43.46, 11.88) if self._number % 3 else None
        take(path, Shot(day, gps=where, tags=(f"number {self._number}",), shade=self._number))

    def _note(self, path: Path, also: set[bytes] | None = None) -> None:
        known = self.names.setdefault(_content(path), set())
        known |= {os.fsencode(path.name), *(also or ())}

    def arrive(self) -> None:
        path = self._any_folder() / self._fresh()
        self._draw(path)
        self._note(path)

    def copy(self) -> None:
        source, path = self._any(), self._any_folder() / self._fresh()
        if not _sidecar(source).exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, path)
            self._note(path)

    def edit(self) -> None:
        """Written in place, in two steps."""
        path = self._any()
        before = self.names[_content(path)]
        drawn = path.with_name("drawn.tmp")
        self._draw(drawn)
        content = drawn.read_bytes()
        drawn.unlink()
        with path.open("wb") as opened:
            opened.write(content[:500])
            opened.flush()
            opened.write(content[500:])
        self._note(path, before)

    def replace(self) -> None:
        """Written beside it, then renamed over it: as rsync and most programs do."""
        path = self._any()
        before = self.names[_content(path)]
        fresh = path.with_name(f".{path.name}.part")
        self._draw(fresh)
        fresh.rename(path)
        self._note(path, before)

    def rename(self) -> None:
        self._to(self._any(), None, self._fresh())

    def move(self) -> None:
        path = self._any()
        self._to(path, self._any_folder(), path.name)

    def _to(self, path: Path, folder: Path | None, name: str) -> None:
        """Move a photo with its sidecar."""
        there = (folder or path.parent) / name
        there.parent.mkdir(parents=True, exist_ok=True)
        sidecar = _sidecar(path)
        path.rename(there)
        if sidecar.exists():
            sidecar.rename(_sidecar(there))
        self._note(there)

    def rename_folder(self) -> None:
        folders = [path for path in self.folder.iterdir() if path.is_dir()]
        if folders:
            self._number += 1
            self._chance.choice(sorted(folders)).rename(self.folder / f"folder {self._number}")

    def delete(self) -> None:
        photos = self.photos()
        if len(photos) > FEWEST:
            path = self._chance.choice(photos)
            self._binned.append((path, path.read_bytes()))
            _sidecar(path).unlink(missing_ok=True)
            path.unlink()

    def restore(self) -> None:
        """A deleted photo is back, where it was."""
        if self._binned:
            path, content = self._binned.pop(self._chance.randrange(len(self._binned)))
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                self._note(path)

    def describe(self) -> None:
        """A sidecar comes, changes or goes; a photo with copies has none."""
        path = self._any()
        sidecar = _sidecar(path)
        content = path.read_bytes()
        if sum(other.read_bytes() == content for other in self.photos()) > 1:
            return
        if sidecar.exists() and self._chance.random() < 0.3:
            sidecar.unlink()
        else:
            sidecar.write_text(XMP.format(self._chance.randrange(1, 6)))


def is_name_of(view_name: bytes, names: set[bytes]) -> bool:
    """Claim: the view name is one of the base names, or one of them numbered because it was taken."""
    return view_name in names or re.sub(rb"~\d+(?=\.)", b"", view_name) in names


def _content(path: Path) -> bytes:
    return blake3.blake3(path.read_bytes()).digest()


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".xmp")
