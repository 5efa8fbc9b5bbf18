"""`photofsd export-metadata`: the program on a real store, its sidecars read by our own reader and by exiftool."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from photofsd.media.regions import Marked, upright
from photofsd.media.xmp import read_xmp
from photofsd.media.xmp_writing import HEAD
from photofsd.records import FaceSaid, Look, Metadata, Region
from photofsd.store import assets, face_said, faces, paths, people, somewhere
from photofsd.store.paths import FileStat
from photofsd.store.schema import Tables
from photofsd.store.transaction import WriteTransaction
from photofsd.types import AssetId, DirId, Kind, PersonId
from tests.component.face_kit import LEFT, MIDDLE, RIGHT, find, together
from tests.component.librarian import Librarian
from tests.component.store_kit import digest, open_store, violations
from tests.writable import copied

Program = Callable[..., subprocess.CompletedProcess[bytes]]
ROOT = b"/nas/photos"
ODD = "Zo\u00eb & <Söhne>\n".encode() + b"\xff|x"
TURNED = Metadata("jpeg", Kind.IMAGE, width=4000, height=3000, orientation=6)


class World:
    """A store that a test fills, and the program that exports from it."""

    def __init__(self, folder: Path, program: Program) -> None:
        self.state = folder / "state"
        self.mirror = folder / "mirror"
        self._program = program
        self.store = open_store(self.state / "store")
        with self.store.write() as txn:
            self._fill(txn)

    def _fill(self, txn: WriteTransaction) -> None:
        root = paths.add_library(txn, ROOT).dir
        self.turned = photo(txn, root, b"2013/a.jpg", metadata=TURNED)
        self.copies = photo(txn, root, b"2013/raw.CR2", b"copy/raw.CR2", kind=Kind.RAW)
        self.odd = photo(txn, root, b"2013/new\nline \xff.jpg")
        self.named = photo(
            txn,
            root,
            b"named.jpg",
            metadata=msgspec.structs.replace(
                TURNED, people=("Tante", "Ana"), regions=(Region(0.1, 0.1, 0.1, 0.1, "Opa"), Region(0.5, 0.5, 0.1, 0.1))
            ),
        )
        self.film = photo(txn, root, b"film.mp4", kind=Kind.VIDEO)
        self.nobody = photo(txn, root, b"nobody.jpg")
        one, two = find(txn, self.turned, (RIGHT, LEFT))
        three, four, five = find(txn, self.copies, (LEFT, MIDDLE, RIGHT))
        (six,) = find(txn, self.odd, (LEFT,))
        (seven,) = find(txn, self.film, (LEFT,))
        find(txn, self.nobody, (LEFT,))
        self.ana, _ = together(txn, [one, three, seven], b"Ana")
        self.bob, _ = together(txn, [two], b"Bob Smith")
        together(txn, [six], ODD)
        together(txn, [four])
        hidden, _ = together(txn, [five], b"Hidden")
        change(txn, hidden, is_hidden=True)

    def export(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        done = self._program(
            "export-metadata", self.mirror, "--json", "--state", self.state, "--library", os.fsdecode(ROOT), *arguments
        )
        assert done.returncode == code, done.stderr.decode()
        said = json.loads(done.stdout)
        assert isinstance(said, dict)
        return said

    def names(self) -> set[bytes]:
        """The sidecars that lie there."""
        top = os.fsencode(self.mirror)
        return {os.path.relpath(os.path.join(at, name), top) for at, _, names in os.walk(top) for name in names}

    def regions(self, name: str, metadata: Metadata = TURNED) -> tuple[Region, ...]:
        found = read_xmp((self.mirror / name).read_bytes(), dt.UTC).faces or ()
        return upright(found, metadata.width, metadata.height, metadata.orientation)


@pytest.fixture
def world(tmp_path: Path, photofsd: Program) -> World:
    made = World(tmp_path, photofsd)
    yield made
    assert violations(made.store) == []
    made.store.close()


def photo(
    txn: WriteTransaction, root: DirId, *names: bytes, metadata: Metadata | None = None, kind: Kind = Kind.IMAGE
) -> AssetId:
    asset = None
    for path in names:
        *folders, name = path.split(b"/")
        folder = root
        for part in folders:
            folder = paths.add_folder(txn, folder, part)
        file = paths.add_file(txn, folder, name, FileStat(1000, 5, 1), kind)
        asset = assets.identify(txn, file, digest(names), now_ns=1)
    assert asset is not None
    assets.keep(txn, Tables.METADATA, asset, metadata or Metadata("x", kind))
    look = Look(width=300, height=400, phash=1, contrast=9.0, colours=(0,) * 9, preview_bytes=1, thumb_bytes=1)
    assets.keep(txn, Tables.LOOKS, asset, look)
    return asset


def change(txn: WriteTransaction, person: PersonId, **fields: object) -> None:
    found = people.person(txn, person)
    assert found is not None
    people.put(txn, person, msgspec.structs.replace(found, **fields))


ALL = {
    b"2013/a.jpg.xmp",
    b"2013/raw.CR2.xmp",
    b"copy/raw.CR2.xmp",
    b"2013/new\nline \xff.jpg.xmp",
    b"named.jpg.xmp",
    b"film.mp4.xmp",
}


def test_each_file_of_a_photo_with_somebody_gets_a_sidecar(world: World) -> None:
    assert world.export() == {"written": 6, "unchanged": 0, "removed": 0, "problems": []}
    assert world.names() == ALL
    assert (world.mirror / "2013/raw.CR2.xmp").read_bytes() == (world.mirror / "copy/raw.CR2.xmp").read_bytes()


def test_the_sidecar_gives_the_same_faces_back(world: World) -> None:
    world.export()
    assert world.regions("2013/a.jpg.xmp") == (
        Region(LEFT, 0.3, 0.2, 0.2, "Bob Smith"),
        Region(RIGHT, 0.3, 0.2, 0.2, "Ana"),
    )
    of_preview = Metadata("x", Kind.RAW, width=300, height=400)
    assert world.regions("2013/raw.CR2.xmp", of_preview) == (Region(LEFT, 0.3, 0.2, 0.2, "Ana"),)
    assert world.regions("film.mp4.xmp") == ()
    assert b"<rdf:li>Ana</rdf:li>" in (world.mirror / "film.mp4.xmp").read_bytes()


def test_who_is_somewhere_in_a_photo_is_named_and_marked_nowhere(world: World) -> None:
    with world.store.write() as txn:
        record = assets.asset(txn, world.nobody)
        assert record is not None
        for person in (world.ana, world.bob):
            place = somewhere.place_for(txn, record.content, person)
            face_said.say(txn, record.content, place, FaceSaid(person=person))
        txn.touch(world.nobody)
        faces.settle(txn, world.nobody)
    assert world.export()["written"] == 7
    assert world.regions("nobody.jpg.xmp") == ()
    written = (world.mirror / "nobody.jpg.xmp").read_bytes()
    assert b"<rdf:li>Ana</rdf:li>" in written
    assert b"<rdf:li>Bob Smith</rdf:li>" in written


def test_whom_the_file_names_is_said_again_under_the_name_that_they_have_now(world: World) -> None:
    with world.store.write() as txn:
        change(txn, world.bob, aliases=(b"Opa",))
        record = assets.asset(txn, world.named)
        assert record is not None
        txn.touch(world.named)
        face_said.refuse_name(txn, record.content, b"Ana", is_refused=True)
    world.export()
    assert world.regions("named.jpg.xmp") == (Region(0.1, 0.1, 0.1, 0.1, "Bob Smith"),)
    said = (world.mirror / "named.jpg.xmp").read_text()
    assert "People/Bob Smith" in said
    assert "People/Tante" in said
    assert "Ana" not in said


def test_what_the_photo_says_of_itself_is_in_it_too(world: World) -> None:
    said = msgspec.structs.replace(
        TURNED,
        regions=(Region(0.1, 0.1, 0.1, 0.1, "Opa"),),
        tags=("Beach & Sea", "People", "OPA", "bob smith", "Hof/Gut"),
        rating=-1,
        title="A <day>",
        caption="Zo\u00eb's",
    )
    with world.store.write() as txn:
        change(txn, world.bob, aliases=(b"Opa",))
        txn.touch(world.named)
        assets.keep(txn, Tables.METADATA, world.named, said)
    world.export()
    packet = (world.mirror / "named.jpg.xmp").read_bytes()
    found = read_xmp(packet, dt.UTC)
    assert (found.rating, found.title, found.caption) == (-1, "A <day>", "Zo\u00eb's")
    assert b"<rdf:li>People/Bob Smith</rdf:li>\n        <rdf:li>Beach &amp; Sea</rdf:li>" in packet
    assert b"<rdf:li>Hof|Gut</rdf:li>" in packet
    assert b"<rdf:li>Hof/Gut</rdf:li>" in packet
    assert b"opa" not in packet.lower()


def test_a_second_run_writes_what_changed_and_removes_what_is_no_longer_true(world: World) -> None:
    world.export()
    assert world.export() == {"written": 0, "unchanged": 6, "removed": 0, "problems": []}
    with world.store.write() as txn:
        change(txn, world.bob, name=b"Bobby")
        change(txn, world.ana, is_hidden=True)
    assert world.export() == {"written": 2, "unchanged": 1, "removed": 3, "problems": []}
    assert world.names() == {b"2013/a.jpg.xmp", b"2013/new\nline \xff.jpg.xmp", b"named.jpg.xmp"}
    assert world.regions("2013/a.jpg.xmp") == (Region(LEFT, 0.3, 0.2, 0.2, "Bobby"),)


def test_what_is_of_no_photo_any_more_goes_by_a_whole_run_alone(world: World) -> None:
    world.export()
    (world.mirror / "old").mkdir()
    (world.mirror / "old" / "b.jpg.xmp").write_bytes(HEAD + b"...")
    (world.mirror / "old" / "others.xmp").write_bytes(b"<x/>")
    assert world.export("--query", "person:Ana")["removed"] == 0
    assert world.export()["removed"] == 1
    assert world.names() == ALL | {b"old/others.xmp"}


def test_a_query_narrows_it(world: World) -> None:
    assert world.export("--query", "person:Ana folder:2013")["written"] == 3
    assert world.names() == {b"2013/a.jpg.xmp", b"2013/raw.CR2.xmp", b"copy/raw.CR2.xmp"}


def test_lightroom_reads_those_of_raw_files_under_their_names_alone(world: World) -> None:
    world.export()
    assert world.export("--lightroom") == {"written": 2, "unchanged": 4, "removed": 2, "problems": []}
    raw = {b"2013/raw.CR2.xmp", b"copy/raw.CR2.xmp"}
    assert world.names() == ALL - raw | {b"2013/raw.xmp", b"copy/raw.xmp"}


def test_a_file_of_somebody_elses_is_left_and_said(world: World) -> None:
    world.mirror.mkdir()
    (world.mirror / "named.jpg.xmp").write_bytes(b"<x/>")
    said = world.export(code=4)
    assert said["written"] == 5
    assert said["problems"] == [f"{world.mirror}/named.jpg.xmp is not ours: left as it is"]
    assert (world.mirror / "named.jpg.xmp").read_bytes() == b"<x/>"


def test_several_libraries_have_a_folder_each(world: World) -> None:
    with world.store.write() as txn:
        other = photo(txn, paths.add_library(txn, b"/more/photos").dir, b"z.jpg")
        (face,) = find(txn, other, (LEFT,))
        cluster = people.new_cluster(txn, world.ana)
        assert faces.place(txn, face, cluster)
    assert world.export("--library", "/more/photos")["written"] == 7
    assert world.names() == {b"photos/" + name for name in ALL} | {b"photos~2/z.jpg.xmp"}
    with world.store.write() as txn:
        change(txn, world.ana, is_hidden=True)
    assert world.export("--library", "/more/photos")["removed"] == 4


def test_the_library_is_never_written_to(world: World, photofsd: Program, tmp_path: Path) -> None:
    done = photofsd("export-metadata", tmp_path / "photos/x", "--state", world.state, "--library", tmp_path / "photos")
    assert done.returncode == 2
    assert b"lies inside the library folder" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "photos").exists()


def test_a_query_that_makes_no_sense_writes_nothing(world: World, photofsd: Program) -> None:
    done = photofsd("export-metadata", world.mirror, "--query", "(", "--state", world.state, "--library", "/nas/photos")
    assert done.returncode == 2
    assert not world.mirror.exists()


def test_faces_that_other_programs_have_marked_are_marked_at_the_same_places(
    photofsd: Program, here: Librarian, test_data: Path, tmp_path: Path
) -> None:
    names = ["portrait.jpg", "portrait-orientation-6.jpg"]
    for name in names:
        copied(test_data / "faces/xmp-regions" / name, here.folder / name)
    here.take_in()
    here.work_off()
    arguments = ["--state", here.state, "--library", here.folder]
    done = photofsd("export-metadata", tmp_path / "mirror", *arguments)
    assert done.stdout == b"2 written, 0 unchanged, 0 removed\n"
    for name in names:
        theirs = marked((here.folder / name).read_bytes())
        ours = marked((tmp_path / "mirror" / f"{name}.xmp").read_bytes())
        assert [face.name for face in ours] == ["Marie Curie", "Pierre Curie"]
        assert [face.of for face in ours] == [face.of for face in theirs]
        for one, other in zip(ours, theirs, strict=True):
            assert one[:4] == pytest.approx(other[:4], abs=1e-5)


def marked(content: bytes) -> tuple[Marked, ...]:
    """The faces that the packet in a file marks, by name."""
    packet = content[content.index(b"<x:xmpmeta") : content.index(b"</x:xmpmeta>") + len(b"</x:xmpmeta>")]
    return tuple(sorted(read_xmp(packet, dt.UTC).faces or (), key=lambda face: face.name or ""))


@pytest.mark.skipif(
    shutil.which("exiftool") is None, reason="exiftool is not installed (Debian: libimage-exiftool-perl)"
)
def test_exiftool_reads_what_was_exported(world: World) -> None:
    world.export()
    command = ["exiftool", "-config", "", "-json", "-struct", "-r", "-ext", "xmp", world.mirror]
    done = subprocess.run(command, check=True, capture_output=True, timeout=60)
    said = {Path(one["SourceFile"]).name: one for one in json.loads(done.stdout)}
    assert len(said) == len({name.rpartition(b"/")[2] for name in ALL})
    assert said["a.jpg.xmp"]["PersonInImage"] == ["Bob Smith", "Ana"]
    assert [one["Name"] for one in said["a.jpg.xmp"]["RegionInfo"]["RegionList"]] == ["Bob Smith", "Ana"]
    odd = next(one for name, one in said.items() if name.startswith("new"))
    assert odd["PersonInImage"] == ["Zo\u00eb & <Söhne>\\n\\xff|x"]
