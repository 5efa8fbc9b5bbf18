"""The store as one would write it in an afternoon: dictionaries, everything recomputed, nothing indexed."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field

from photofsd.records import JobRecord
from photofsd.types import AssetId, DirId, Facet, FileId

Fact = tuple[Facet, bytes]
ROOT_ID = DirId(1)


@dataclass
class Folder:
    parent: DirId
    name: bytes


@dataclass
class File:
    folder: DirId
    name: bytes
    size: int
    mtime_ns: int
    asset: AssetId | None = None


@dataclass
class Asset:
    content: bytes
    name: bytes
    size: int
    mtime_ns: int
    changed_ns: int
    tags: tuple[str, ...] | None = None
    place: tuple[str, str, str] | None = None


@dataclass
class Queue:
    """One stage."""

    queued: dict[int, JobRecord] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)

    def forget(self, subject: int, *, keep_done: bool) -> None:
        self.queued.pop(subject, None)
        self.failed.discard(subject)
        if not keep_done:
            self.done.discard(subject)


@dataclass
class Model:
    folders: dict[DirId, Folder] = field(default_factory=dict)
    files: dict[FileId, File] = field(default_factory=dict)
    assets: dict[AssetId, Asset] = field(default_factory=dict)
    of_files: Queue = field(default_factory=Queue)
    of_assets: Queue = field(default_factory=Queue)
    ids_used: set[tuple[str, int]] = field(default_factory=set)

    # ---- folders

    def folder_at(self, parent: DirId, name: bytes) -> DirId | None:
        return next((key for key, one in self.folders.items() if (one.parent, one.name) == (parent, name)), None)

    def lies_in(self, folder: DirId, around: DirId) -> bool:
        while folder != around:
            if folder == ROOT_ID:
                return False
            folder = self.folders[folder].parent
        return True

    def move_folder(self, folder: DirId, parent: DirId, name: bytes) -> bool:
        if folder == ROOT_ID or self.lies_in(parent, folder):
            return False
        self.folders[folder].parent = DirId(0)  # in the air: what it replaces may be its own parent
        replaced = self.folder_at(parent, name)
        if replaced is not None:
            self.remove_folder(replaced)
        self.folders[folder] = Folder(parent, name)
        return True

    def remove_folder(self, folder: DirId) -> None:
        for file in [key for key, one in self.files.items() if one.folder == folder]:
            self.remove_file(file)
        for below in [key for key, one in self.folders.items() if one.parent == folder]:
            self.remove_folder(below)
        del self.folders[folder]

    # ---- files

    def file_at(self, folder: DirId, name: bytes) -> FileId | None:
        return next((key for key, one in self.files.items() if (one.folder, one.name) == (folder, name)), None)

    def move_file(self, file: FileId, folder: DirId, name: bytes) -> None:
        replaced = self.file_at(folder, name)
        if replaced is not None and replaced != file:
            self.remove_file(replaced)
        self.files[file].folder, self.files[file].name = folder, name

    def remove_file(self, file: FileId) -> None:
        asset = self.files.pop(file).asset
        self.of_files.forget(file, keep_done=False)
        if asset is not None and not self.files_of(asset):
            self.of_assets.forget(asset, keep_done=True)

    # ---- assets

    def files_of(self, asset: AssetId) -> tuple[FileId, ...]:
        return tuple(sorted(key for key, one in self.files.items() if one.asset == asset))

    def with_content(self, content: bytes) -> AssetId | None:
        return next((key for key, one in self.assets.items() if one.content == content), None)

    def identify(self, file: FileId, content: bytes, now_ns: int, given: tuple[AssetId, bytes]) -> None:
        """`given`: the id and the name that the store chose; whether it may is for the caller to judge."""
        asset, name = given
        record = self.files[file]
        before = record.asset
        record.asset = asset
        if asset not in self.assets:
            self.assets[asset] = Asset(content, name, record.size, record.mtime_ns, now_ns)
        elif self.assets[asset].content != content:
            changed = dataclasses.replace(
                self.assets[asset], content=content, size=record.size, mtime_ns=record.mtime_ns, changed_ns=now_ns
            )
            self.assets[asset] = changed
            self.of_assets.forget(asset, keep_done=False)
        if before is not None and before != asset and not self.files_of(before):
            self.of_assets.forget(before, keep_done=True)

    # ---- what follows

    def row(self, asset: AssetId) -> tuple[int, int, int, bytes]:
        one = self.assets[asset]
        return one.size, one.mtime_ns, one.changed_ns, one.name

    def facts(self, asset: AssetId) -> frozenset[Fact]:
        files = [self.files[file] for file in self.files_of(asset)]
        if not files:
            return frozenset()
        one = self.assets[asset]
        found = {(Facet.LIVE, b""), (Facet.YEAR, b"")} | _words(b"n", one.name)
        if len(files) > 1:
            found.add((Facet.HAS, b"copies"))
        for file in files:
            found |= {(Facet.DIR, b"%d" % file.folder)} | _words(b"n", file.name)
            for name in self._names_below_root(file.folder):
                found |= _words(b"f", name)
        for tag in one.tags or ():
            found |= {(Facet.TAG, tag.encode()), (Facet.HAS, b"tags")} | _words(b"t", tag.encode())
        if one.place is not None:
            country, region, city = (part.encode() for part in one.place)
            found |= {(Facet.HAS, b"place"), (Facet.PLACE, country), (Facet.PLACE, country + b"/" + region)}
            found |= {(Facet.PLACE, b"/".join((country, region, city)))}
            found |= _words(b"p", b" ".join((country, region, city)))
        return frozenset(found)

    def _names_below_root(self, folder: DirId) -> list[bytes]:
        names = []
        while folder != ROOT_ID:
            names.append(self.folders[folder].name)
            folder = self.folders[folder].parent
        return names


def _words(letter: bytes, text: bytes) -> set[Fact]:
    return {(Facet.WORD, letter + word) for word in re.findall(rb"[a-z]+|\d+", text.lower())}
