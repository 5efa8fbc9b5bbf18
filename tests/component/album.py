"""A store with photos whose faces have vectors, and the daemon's side that keeps people up with them, run in steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
import trio

from photofsd.clustering.neighbours import Vectors, unit
from photofsd.config.load import Overrides, load
from photofsd.config.schema import Settings
from photofsd.daemon.clustering import Clustering
from photofsd.index.rows import RowFile
from photofsd.index.vectors import FACE_ROWS, MODEL, crcs
from photofsd.records import Face, FaceSaid, JobRecord, Metadata, Region, StageRecord
from photofsd.store import assets, face_change, face_said, faces, jobs, model_roles, people
from photofsd.store.env import Store
from photofsd.store.schema import Tables
from photofsd.store.transaction import WriteTransaction
from photofsd.store.writer import Writer
from photofsd.types import NOBODY, AssetId, FaceId, Hold, Kind, PersonId, Subject
from tests.component.store_kit import add_photo, root

DIMENSION = 128
FACES_MODEL = "faces-0123456789abcdef"
LIMIT_S = 60
Look = Callable[..., Vectors]
PLACES = (0.05, 0.35, 0.65)
GOOD = Face(FaceId(0), 0, 0.3, 0.2, 0.2, score=0.9, px=100, sharpness=100)


@dataclasses.dataclass
class Album:
    """A store with photos whose faces have vectors, as stage faces writes them."""

    settings: Settings
    store: Store
    writer: Writer
    model: str = FACES_MODEL
    photos: int = 0

    @classmethod
    def make(cls, place: Path, store: Store, writer: Writer) -> Album:
        """An empty one, whose store lies in the folder `store` of `place`."""
        library, state = place / "library", place / "state"
        library.mkdir()
        overrides = Overrides(state=state, library=(library,))
        settings = load(overrides, environ={"HOME": str(place)}, system_file=place / "none.toml").settings
        state.mkdir()
        (state / "store").symlink_to(place / "store")
        made = cls(settings, store, writer)
        writer.run(lambda txn: jobs.register(txn, face_change.STAGE, 1, Subject.ASSET))
        made.use(FACES_MODEL)
        return made

    @property
    def folder(self) -> Path:
        return self.settings.state / "vectors" / self.model

    def use(self, model: str, dimension: int = DIMENSION) -> None:
        """Take a model into use, as the pipeline does: all photos wait for it."""
        self.model = model
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / MODEL).write_text(f'{{"model": "{model}", "dimension": {dimension}}}')

        def work(txn: WriteTransaction) -> None:
            face_change.choose(txn, model)
            for photo in range(1, self.photos + 1):
                jobs.put(txn, self.stage(txn), photo, JobRecord(jobs.BACKLOG))
            model_roles.set_queued(txn, face_change.STAGE)

        self.writer.run(work)

    def look_again(self, photo: int, looks: Vectors) -> list[FaceId]:
        """Have the model find these faces in a photo that waits for it; their ids."""

        def work(txn: WriteTransaction) -> list[FaceId]:
            jobs.finish(txn, self.stage(txn), photo)
            return self.find(txn, AssetId(photo), looks)

        return self.writer.run(work)

    def stage(self, txn: WriteTransaction) -> StageRecord:
        return jobs.stage(txn, face_change.STAGE)

    def in_photo(self, photo: int) -> list[FaceId]:
        """The faces of a photo, from left to right."""
        with self.store.read() as txn:
            return [face.id for face, _ in sorted(faces.placed(txn, AssetId(photo)), key=lambda one: one[0].left)]

    def who(self) -> list[list[PersonId]]:
        """Whose the faces of each photo are, from left to right."""
        return [[self.person(face) for face in self.in_photo(photo)] for photo in range(1, self.photos + 1)]

    def add(
        self, *looks: Sequence[Vectors], named: str | None = None, bar: float | None = None, **quality: float
    ) -> list[FaceId]:
        """A photo with a face for each vector; the ids of these faces.

        named: whom its file says the first face is. bar: how like that face was to somebody whom the user has refused.
        """
        self.photos += 1
        name = b"%d.jpg" % self.photos

        def work(txn: WriteTransaction) -> list[FaceId]:
            found = self._add(txn, name, np.stack(looks), named, quality)
            place = faces.place_of(txn, found[0])
            if bar is not None and place is not None:
                face_said.say(txn, place[0].content, place[1], FaceSaid(refused={people.new_person(txn): bar}))
            return found

        return self.writer.run(work)

    def _add(
        self, txn: WriteTransaction, name: bytes, looks: Vectors, named: str | None, quality: Mapping[str, float]
    ) -> list[FaceId]:
        asset = add_photo(txn, root(txn), name)
        if named is not None:
            regions = (Region(PLACES[0], 0.3, 0.2, 0.2, named),)
            assets.keep(txn, Tables.METADATA, asset, Metadata("JPEG", Kind.IMAGE, regions=regions))
        return self.find(txn, asset, looks, **quality)

    def find(self, txn: WriteTransaction, asset: AssetId, looks: Vectors, **quality: float) -> list[FaceId]:
        """Have a detection find these faces."""
        first = faces.reserve(txn, len(looks))
        ids = np.arange(first, first + len(looks), dtype=np.uint32)
        rows = RowFile(self.folder / FACE_ROWS, np.float16, looks.shape[1])
        halves = looks.astype(np.float16)
        rows.write(ids, halves)
        rows.close()
        found = [
            msgspec.structs.replace(GOOD, id=face, left=left, crc=crc, **quality)
            for face, left, crc in zip(ids.tolist(), PLACES, crcs(halves), strict=False)
        ]
        faces.keep(txn, asset, self.model, found)
        return [face.id for face in found]

    def person(self, face: FaceId) -> PersonId:
        """Whose a face is."""
        with self.store.read() as txn:
            row = faces.row(txn, face)
            return people.of_cluster(txn, row.cluster) if row is not None else NOBODY

    def suggested(self, face: FaceId) -> PersonId:
        with self.store.read() as txn:
            row = faces.row(txn, face)
            return people.of_cluster(txn, row.suggested) if row is not None else NOBODY

    def hold(self, face: FaceId) -> Hold:
        with self.store.read() as txn:
            row = faces.row(txn, face)
            assert row is not None
            return row.hold

    def name(self, person: PersonId, name: bytes) -> None:
        def put(txn: WriteTransaction) -> None:
            known = people.person(txn, person)
            assert known is not None
            people.put(txn, person, msgspec.structs.replace(known, name=name))

        self.writer.run(put)

    def named(self, name: bytes) -> PersonId:
        with self.store.read() as txn:
            return people.meant(txn, name) or NOBODY

    def run(self, *steps: Callable[[Clustering], Awaitable[object]]) -> Clustering:
        """Run the daemon's side, take one step after the other, and end it."""
        found = Clustering(self.store, self.writer, self.settings)
        self.writer.listen(lambda _: found.wake())

        async def main() -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(found.run)
                with trio.fail_after(LIMIT_S):
                    for step in steps:
                        await step(found)
                nursery.cancel_scope.cancel()

        trio.run(main)
        return found


async def settled(found: Clustering) -> None:
    """Until everything is dealt with."""
    while not await trio.to_thread.run_sync(found.is_settled):  # noqa: ASYNC110 - a child brings it about
        await trio.sleep(0.02)


def doing(work: Callable[[], object]) -> Callable[[Clustering], Awaitable[object]]:
    """Do that in a thread."""
    return lambda _: trio.to_thread.run_sync(work)


def until(is_so: Callable[[], object]) -> Callable[[Clustering], Awaitable[object]]:
    """Until that is so."""

    async def wait(_: Clustering) -> None:
        while not await trio.to_thread.run_sync(is_so):  # noqa: ASYNC110 - a child brings it about
            await trio.sleep(0.02)

    return wait


async def until_well(found: Clustering) -> None:
    while found.alert is not None:  # noqa: ASYNC110 - a child brings it about
        await trio.sleep(0.02)


async def until_alert(found: Clustering) -> None:
    while found.alert is None:  # noqa: ASYNC110 - a child brings it about
        await trio.sleep(0.02)


def looks_of_many() -> Look:
    """Gives another face of person 0, 1, 2 ... whenever it is asked."""
    rng = np.random.default_rng(3)
    centres = np.linalg.qr(rng.standard_normal((DIMENSION, DIMENSION)))[0]

    def look(person: int, spread: float = 0.5) -> Vectors:
        noise = rng.standard_normal(DIMENSION)
        return unit(centres[person] + spread * noise / np.linalg.norm(noise))

    return look
