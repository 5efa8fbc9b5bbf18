"""A synthetic library with people, whose photos have vectors: those of `photofsd bench search`, as a real model's."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import subprocess
import time
from pathlib import Path

from photofsd.index.bench.synthetic import Photos
from photofsd.index.vectors import VectorFile
from photofsd.models.folder import Installed
from photofsd.store import changes, embeddings, facets, model_roles
from photofsd.store.env import Store
from photofsd.store.schema import Tables
from tests.bench.peopled import put_people
from tests.bench.synthetic import BATCH, KEPT_CHANGES, Synthetic, Tell

DIMENSION = 512
_STAMP = "embedded-for"


@dataclasses.dataclass(frozen=True, slots=True)
class Embedded(Synthetic):
    """A synthetic library with vectors. models: the models folder. model: whose the vectors are said to be."""

    models: Path
    model: Installed

    def vectors(self) -> VectorFile:
        """The vectors, at the ids of the photos."""
        return VectorFile(self.state / "vectors" / self.model.id, DIMENSION)


def embedded(library: Synthetic, models: Path, model: Installed, tell: Tell = lambda _: None) -> Embedded:
    """The same library with a state folder of its own, with people, in which every photo has a vector; made if need be.

    No text has been searched for in it.
    """
    state = library.state.with_name("embedded")
    stamp = library.state.with_name(_STAMP)
    wanted = f"people and {model.id} of {library.state.with_name('built').read_text()}"
    started_s = time.perf_counter()
    found = Embedded(library.library, state, library.count, None, models, model)
    if stamp.exists() and stamp.read_text() == wanted:
        _forget_texts(found)
        return found
    stamp.unlink(missing_ok=True)
    shutil.rmtree(state, ignore_errors=True)
    subprocess.run(["cp", "-r", "--sparse=always", library.state, state], check=True)
    _embed(found, tell)
    stamp.write_text(wanted)
    return dataclasses.replace(found, build_s=time.perf_counter() - started_s)


def _embed(library: Embedded, tell: Tell) -> None:
    store, file, model = Store.open(library.state / "store", timezone=dt.UTC), library.vectors(), library.model.id
    with store.write() as txn:
        embeddings.choose(txn, model)
        embeddings.set_answering(txn, model)
        model_roles.set_queued(txn, embeddings.STAGE)
    with store.read() as txn:
        ids = facets.live(txn).to_array()
    done = 0
    for vectors in Photos(len(ids), DIMENSION).pieces():
        crcs = file.write(ids[done : done + len(vectors)], vectors)
        file.sync()
        for first in range(done, done + len(vectors), BATCH):
            with store.write() as txn:
                for asset, crc in zip(ids[first : first + BATCH], crcs[first - done :], strict=False):
                    embeddings.count(txn, asset, model, crc)
                changes.trim(txn, KEPT_CHANGES)
        done += len(vectors)
        tell(done)
    file.close()
    put_people(store, ids)
    store.close()


def _forget_texts(library: Embedded) -> None:
    store = Store.open(library.state / "store", timezone=dt.UTC)
    with store.write() as txn:
        for text in list(txn.keys(Tables.TEXT_VECTORS)):
            txn.delete(Tables.TEXT_VECTORS, text)
    store.close()
