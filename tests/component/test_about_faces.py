"""What /.photofsd/photos tells of the faces in a photo."""

from __future__ import annotations

from photofsd.store import faces, people
from photofsd.store.transaction import WriteTransaction
from photofsd.types import WAITING, Hold
from photofsd.views.about import facts, readme
from tests.component.face_kit import LEFT, MIDDLE, RIGHT, find, together
from tests.component.librarian import Librarian
from tests.mount.photographer import Shot, take
from tests.mount.walker import library


def test_each_face_is_told_with_whose_it_is_and_who_says_so(here: Librarian) -> None:
    take(here.folder / "a.jpg", Shot())
    here.take_in()
    here.work_off()
    asset = here.named(b"a.jpg")
    assert facts(library(here), asset)["faces"] is None

    def fill(txn: WriteTransaction) -> None:
        right, left, middle = find(txn, asset, (RIGHT, LEFT, MIDDLE))
        together(txn, [right])
        ann = people.new_cluster(txn, people.new_person(txn, b"Ann\xff"))
        assert faces.place(txn, left, ann, hold=Hold.FILE)
        assert faces.place(txn, middle, WAITING, suggested=people.new_cluster(txn, people.new_person(txn)))

    here.writer.run(fill)
    told = facts(library(here), asset)["faces"]
    assert [(face["person"], face["held_by"], face["suggested"]) for face in told] == [
        ("Ann\\xff", "file", None),
        (None, None, "person-0003"),
        ("person-0001", None, None),
    ]
    assert told[0]["box"] == [LEFT, 0.3, 0.2, 0.2]
    assert {"score", "px", "sharpness", "yaw"} <= told[0].keys()


def test_the_readme_says_what_faces_would_bring_until_some_have_been_looked_for(here: Librarian) -> None:
    take(here.folder / "a.jpg", Shot())
    here.take_in()
    here.work_off()
    asset = here.named(b"a.jpg")
    assert "no faces have been looked for yet" in readme(library(here))
    here.writer.run(lambda txn: faces.keep(txn, asset, "m", []))
    assert "no faces have been looked for yet" not in readme(library(here))
