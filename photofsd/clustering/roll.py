"""The roll of all faces: what clustering knows of each, at its id's place, read from the store and kept up with it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from photofsd.clustering.owners import Owners
from photofsd.clustering.votes import Known
from photofsd.config.schema import PeopleSettings
from photofsd.index.rows import RowFile
from photofsd.index.vectors import FACE_ROWS, crcs, dimension_of
from photofsd.records import Face, Faces
from photofsd.store import assets, face_rows, face_said, faces
from photofsd.store.face_rows import FaceRow
from photofsd.store.schema import U32, Tables
from photofsd.types import AssetId, FaceId, Hold

if TYPE_CHECKING:
    from photofsd.store.env import Store
    from photofsd.store.transaction import ReadTransaction

CHECKED_AT_ONCE: Final = 8192
READ_AT_ONCE: Final = 10_000

Ids = npt.NDArray[np.uint32]


class RowsAt:
    """Some rows of a mapped file, taken when they are looked at: indexed as an array of them would be."""

    def __init__(self, rows: npt.NDArray[np.float16], ids: Ids) -> None:
        self._rows = rows
        self._ids = ids
        self.shape = (len(ids), rows.shape[1])

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, places: slice | npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.float16]:
        found: npt.NDArray[np.float16] = self._rows[self._ids[places]]
        return found


class Roll:
    """Faces by id. model: whose vectors are compared; faces that another has found stand aside, where they are."""

    def __init__(self, vectors: Path, model: str, gate: PeopleSettings) -> None:
        self._folder = vectors / model
        self._model = model
        self._gate = gate
        self._file: RowFile | None = None
        self.photos: Ids = np.zeros(0, np.uint32)
        self.clusters: Ids = np.zeros(0, np.uint32)
        self.suggested: Ids = np.zeros(0, np.uint32)
        self.holds: npt.NDArray[np.uint8] = np.zeros(0, np.uint8)
        self._crcs: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._is_sound: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._bars: npt.NDArray[np.float32] = np.zeros(0, np.float32)

    # ---- Reading ----

    def read_all(self, store: Store) -> None:
        """Read every face, some in a transaction: what changes meanwhile is for `read`. Raises StoreError."""
        with store.read() as txn:
            self._grow(faces.next_id(txn) + 1)
        asset: int | None = 0
        while asset is not None:
            with store.read() as txn:
                asset = self._read_found(txn, asset)
        face: int | None = 0
        while face is not None:
            with store.read() as txn:
                face = self._read_rows(txn, face)
        self._check(np.flatnonzero(self._crcs >= 0).astype(np.uint32))
        with store.read() as txn:
            self._grow(faces.next_id(txn) + 1)
            for content in face_said.contents(txn):
                known = assets.with_content(txn, content)
                if known is not None:
                    self._read_bars(txn, known)

    def _read_found(self, txn: ReadTransaction, first: int) -> int | None:
        """Read what was found in some photos from the id `first` on; where to go on, None = that was all."""
        some = list(itertools.islice(txn.items(Tables.FACES, start=U32.pack(first)), READ_AT_ONCE))
        for _, value in some:
            found = txn.decode(value, Faces)
            for face in found.faces if found.model == self._model else ():
                if face.id < len(self._crcs):
                    self._crcs[face.id] = self._crc(face)
        return int(U32.unpack(some[-1][0])[0]) + 1 if len(some) == READ_AT_ONCE else None

    def _read_rows(self, txn: ReadTransaction, first: int) -> int | None:
        """Read where some faces are, from the id `first` on; where to go on, None = that was all."""
        some = list(itertools.islice(face_rows.rows(txn, first), READ_AT_ONCE))
        for face, row in some:
            if face < len(self.photos):
                self._place(face, row)
        return some[-1][0] + 1 if len(some) == READ_AT_ONCE else None

    def _place(self, face: FaceId, row: FaceRow) -> None:
        self.photos[face], self.clusters[face] = row.asset, row.cluster
        self.suggested[face], self.holds[face] = row.suggested, row.hold

    def read(self, txn: ReadTransaction, assets: Iterable[AssetId]) -> Ids:
        """Read the faces of some photos again; the ids of those that are there now. Raises StoreError."""
        self._grow(faces.next_id(txn) + 1)
        changed = list(assets)
        known = np.isin(self.photos, changed)
        self._crcs[known] = self._bars[known] = -1
        self.photos[known] = 0
        read = []
        for asset in changed:
            found = faces.faces(txn, asset)
            is_ours = found is not None and found.model == self._model
            for face, row in faces.placed(txn, asset):
                self._crcs[face.id] = self._crc(face) if is_ours else -1
                self._place(face.id, row)
                read.append(face.id)
            self._read_bars(txn, asset)
        ids = np.array(read, np.uint32)
        self._check(ids[self._crcs[ids] >= 0])
        return ids

    def _read_bars(self, txn: ReadTransaction, asset: AssetId) -> None:
        """How close the faces of a photo must come to anybody: closer than to those whom the user has refused."""
        for face, refused in faces.refusals_in(txn, asset).items():
            self._bars[face] = max(refused.values())

    def _crc(self, face: Face) -> int:
        """The CRC of the row of a face that is good enough to tell whose it is; -1 for any other."""
        gate = self._gate
        is_good = face.score >= gate.min_score and face.px >= gate.min_px and face.sharpness >= gate.min_sharpness
        return face.crc if is_good and face.crc is not None else -1

    def _grow(self, size: int) -> None:
        if size > len(self.photos):
            more = max(size, len(self.photos) * 5 // 4) - len(self.photos)
            self.photos, self.clusters, self.suggested, self.holds, self._is_sound = (
                np.concatenate((old, np.zeros(more, old.dtype)))
                for old in (self.photos, self.clusters, self.suggested, self.holds, self._is_sound)
            )
            self._crcs = np.concatenate((self._crcs, np.full(more, -1)))
            self._bars = np.concatenate((self._bars, np.full(more, -1, np.float32)))

    def _check(self, ids: Ids) -> None:
        """Look at the rows of these faces: one whose CRC is another is torn, and stands aside until it is made anew."""
        for start in range(0, len(ids), CHECKED_AT_ONCE):
            some = ids[start : start + CHECKED_AT_ONCE]
            rows = self._vectors().read(some)
            is_whole = np.array(crcs(rows), np.int64) == self._crcs[some]
            self._is_sound[some] = is_whole & np.isfinite(rows).all(axis=1) & rows.any(axis=1)

    def _vectors(self) -> RowFile:
        if self._file is None:
            self._file = RowFile(self._folder / FACE_ROWS, np.float16, dimension_of(self._folder))
        return self._file

    # ---- Known ----

    def comparable(self) -> Ids:
        """The faces that can be compared: good enough, and with a sound row."""
        return np.flatnonzero((self._crcs >= 0) & self._is_sound & (self.photos > 0)).astype(np.uint32)

    def known(self, ids: Ids, owners: Owners) -> Known:
        """What is known of these faces."""
        whose = owners.of(self.clusters[ids])
        holds = self.holds[ids]
        return Known(
            rows=RowsAt(self._vectors().rows(), ids) if ids.size else np.zeros((0, 1), np.float16),
            photos=self.photos[ids].astype(np.int64),
            people=whose,
            held=holds > Hold.NONE,
            by_file=holds == Hold.FILE,
            is_said=owners.are_said(whose) | (holds > Hold.NONE),
            bars=self._bars[ids],
        )
