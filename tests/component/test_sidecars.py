"""What lies beside photos speaks of them: when it comes first, comes later, changes, goes, or moves with them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from photofsd.pipeline.results import Results
from photofsd.pipeline.scheduler import Scheduler
from photofsd.pipeline.stage import Work
from photofsd.pipeline.worker import report
from photofsd.records import Metadata
from photofsd.store import assets, facets, jobs, paths
from photofsd.store.sidecars import names_for
from photofsd.types import Facet
from tests.component.librarian import Librarian

JULY, AUGUST = 1_373_000_400, 1_376_000_400
ALBUM = {"title": "Rome 6/10", "description": "", "access": "protected", "date": {"timestamp": "1"}}


def draw(path: Path, shade: int = 0) -> Path:
    """A small JPEG that says nothing of itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16), (40 * shade, 90, 120)).save(path, "JPEG")
    return path


def write_json(path: Path, content: object = None, *, taken_s: int = JULY) -> Path:
    path.write_text(json.dumps(content or {"title": "x", "photoTakenTime": {"timestamp": str(taken_s)}}))
    return path


def settled(here: Librarian) -> None:
    """Scan, and work it off. Folders of the future are always listed again, so what was rewritten in place is seen."""
    moment = time.time() + 60
    for folder in (here.folder, *(path for path in here.folder.rglob("*") if path.is_dir())):
        os.utime(folder, (moment, moment))
    here.take_in()
    here.work_off()


def among_others(here: Librarian) -> None:
    """Enough files for the vanish guard to believe that one of them has gone."""
    for number in range(6):
        write_json(here.folder / f"{number}.json", [number])


def days(here: Librarian) -> list[bytes]:
    with here.store.read() as txn:
        return list(facets.values(txn, Facet.DAY))


def albums(here: Librarian) -> dict[bytes, int]:
    with here.store.read() as txn:
        values = list(facets.values(txn, Facet.ALBUM))
        return {value: len(facets.bitmap(txn, Facet.ALBUM, value)) for value in values}


def metadata(here: Librarian, name: bytes) -> Metadata:
    asset = here.named(name)
    with here.store.read() as txn:
        found = assets.metadata(txn, asset)
    assert found is not None
    return found


def test_a_json_that_comes_later_dates_its_photo_and_one_that_goes_undates_it(here: Librarian) -> None:
    draw(here.folder / "x.jpg")
    among_others(here)
    settled(here)
    assert days(here) == []
    note = write_json(here.folder / "x.jpg.supplemental-metad.json")
    settled(here)
    assert days(here) == [b"20130705"]
    write_json(note, taken_s=AUGUST)
    settled(here)
    assert days(here) == [b"20130808"]
    note.unlink()
    settled(here)
    assert days(here) == []


@pytest.mark.parametrize("name", ["img_1.xmp", "IMG_1.XMP", "IMG_1.jpg.xmp", "img_1.jpg.XMP"])
def test_a_sidecar_in_another_case_is_heard_whenever_it_comes(here: Librarian, name: str) -> None:
    draw(here.folder / "IMG_1.JPG")
    draw(here.folder / "IMG_10.JPG", 3)
    settled(here)
    (here.folder / name).write_text(
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>'
    )
    settled(here)
    assert (metadata(here, b"IMG_1.JPG").rating, metadata(here, b"IMG_10.JPG").rating) == (4, None)


def test_a_json_is_no_photo_and_lies_where_it_lies(here: Librarian) -> None:
    for name in ("x.jpg.json", "lone.THM", "IMG_1.AAE", "labels.json"):
        write_json(here.folder / name, [1])
    settled(here)
    with here.store.read() as txn:
        root = paths.libraries(txn)[0].dir
        known = {os.fsdecode(name) for name, _ in paths.files_in(txn, root)}
        assert known == {path.name for path in here.folder.iterdir()}
        assert facets.live(txn).to_array().tolist() == []
    assert here.counts("identify") == jobs.Counts(0, 0, 0)


def test_a_broken_json_is_a_problem_of_its_photo_and_no_failure(here: Librarian) -> None:
    draw(here.folder / "x.jpg")
    (here.folder / "x.jpg.json").write_text("{")
    settled(here)
    assert [problem for problem in metadata(here, b"x.jpg").problems if "sidecar x.jpg.json: it is broken" in problem]
    assert here.failures("metadata") == []


def test_a_folder_becomes_an_album_and_is_renamed_and_is_none_again(here: Librarian) -> None:
    for shade, name in enumerate(("a.jpg", "b.jpg")):
        draw(here.folder / "trip" / name, shade)
    among_others(here)
    settled(here)
    assert albums(here) == {}
    note = write_json(here.folder / "trip" / "Metadaten.json", ALBUM)
    settled(here)
    assert albums(here) == {"Rome 6\u221510".encode(): 2}
    write_json(note, ALBUM | {"title": "Rome again"})
    settled(here)
    assert albums(here) == {b"Rome again": 2}
    note.unlink()
    settled(here)
    assert albums(here) == {}


def test_a_photo_in_two_albums_is_in_both_whichever_path_is_read(here: Librarian) -> None:
    for shade in range(3):
        for album in ("year", "Rome", "Sea"):
            draw(here.folder / album / f"{shade}.jpg", shade)
    for album in ("Rome", "Sea"):
        write_json(here.folder / album / "metadata.json", ALBUM | {"title": album})
    write_json(here.folder / "Sea" / "0.jpg.json")
    settled(here)
    assert albums(here) == {b"Rome": 3, b"Sea": 3}
    assert days(here) == [b"20130705"]
    (here.folder / "Rome" / "0.jpg").unlink()
    settled(here)
    assert albums(here) == {b"Rome": 2, b"Sea": 3}


def test_a_copy_in_an_album_comes_later(here: Librarian) -> None:
    draw(here.folder / "year" / "a.jpg")
    settled(here)
    draw(here.folder / "Rome" / "a.jpg")
    write_json(here.folder / "Rome" / "metadata.json", ALBUM | {"title": "Rome"})
    settled(here)
    assert albums(here) == {b"Rome": 1}


def test_a_photo_moves_out_of_an_album_and_into_another(here: Librarian) -> None:
    draw(here.folder / "Rome" / "a.jpg")
    draw(here.folder / "other.jpg", 5)
    (here.folder / "Sea").mkdir()
    for album in ("Rome", "Sea"):
        write_json(here.folder / album / "metadata.json", ALBUM | {"title": album})
    settled(here)
    assert albums(here) == {b"Rome": 1}
    (here.folder / "Rome" / "a.jpg").rename(here.folder / "Sea" / "a.jpg")
    settled(here)
    assert albums(here) == {b"Sea": 1}
    (here.folder / "Sea").rename(here.folder / "Ocean")
    settled(here)
    assert albums(here) == {b"Sea": 1}


def test_a_photo_and_its_json_move_together(here: Librarian) -> None:
    draw(here.folder / "in" / "x(1).jpg")
    write_json(here.folder / "in" / "x.jpg(1).json")
    draw(here.folder / "other.jpg", 5)
    (here.folder / "out").mkdir()
    settled(here)
    assert days(here) == [b"20130705"]
    for name in ("x(1).jpg", "x.jpg(1).json"):
        (here.folder / "in" / name).rename(here.folder / "out" / name)
    settled(here)
    assert days(here) == [b"20130705"]


def test_the_thm_of_a_film_dates_it(here: Librarian, test_data: Path) -> None:
    small = (test_data / "Camera cards/CANON_DC/DCIM/101CANON/CRW_0117.THM").read_bytes()
    (here.folder / "MVI_1.AVI").write_bytes(b"RIFF\x10\0\0\0AVI LIST\0\0\0\0")
    (here.folder / "MVI_1.THM").write_bytes(small)
    settled(here)
    found = metadata(here, b"MVI_1.AVI")
    assert found.taken is not None
    assert (found.taken.source, found.camera, found.orientation) == ("exif", "Canon PowerShot S40", 1)


def test_sidecars_of_one_among_many_are_found_by_a_few_seeks(here: Librarian, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(2000):
        (here.folder / f"IMG_{number:04}.jpg.json").write_text("{}")
    settled(here)
    looked_at: list[bytes] = []
    original = paths.names_in

    def counting(*arguments: object) -> Iterator[bytes]:
        for name in original(*arguments):  # type: ignore[arg-type]
            looked_at.append(name)
            yield name

    monkeypatch.setattr(paths, "names_in", counting)
    with here.store.read() as txn:
        root = paths.libraries(txn)[0].dir
        assert names_for(txn, root, b"IMG_0117.jpg") == (b"IMG_0117.jpg.json",)
    assert set(looked_at) == {b"IMG_0117.jpg.json"}


def test_a_json_that_is_found_while_its_photo_is_read_is_heard(here: Librarian) -> None:
    draw(here.folder / "x.jpg")
    here.take_in()
    (task,) = Scheduler(here.store, here.graph).file_tasks(10)
    assert task.visit is not None
    read = report(task.visit, here.graph, Work())
    write_json(here.folder / "x.jpg.json")
    here.take_in()
    here.writer.run(lambda txn: Results(here.graph).of_visit(txn, task, read))
    assert here.counts("metadata") == jobs.Counts(1, 0, 0)
    here.work_off()
    assert days(here) == [b"20130705"]
