"""Photos: identity by content, view names, the facts that hang on them.

A path that is known keeps its asset when its content changes; the same content at two paths is one asset with two
files; an asset whose last file vanishes is kept, so that it comes back with its id, name and facts (a moved file, a
re-mounted disk, a restored backup).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from photofsd.records import AssetRecord, FileRecord, Look, Metadata, Place
from photofsd.store import face_said, jobs, view_names
from photofsd.store.schema import ALL_TABLES, U32, Table, Tables
from photofsd.types import AssetId, FileId, Subject

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction


def asset(txn: ReadTransaction, asset_id: AssetId) -> AssetRecord | None:
    """The record of an asset, gone or not."""
    return txn.record(Tables.ASSETS, U32.pack(asset_id), AssetRecord)


def metadata(txn: ReadTransaction, asset_id: AssetId) -> Metadata | None:
    """What stage `metadata` found."""
    return txn.record(Tables.METADATA, U32.pack(asset_id), Metadata)


def place(txn: ReadTransaction, asset_id: AssetId) -> Place | None:
    """What stage `places` found."""
    return txn.record(Tables.PLACES, U32.pack(asset_id), Place)


def look(txn: ReadTransaction, asset_id: AssetId) -> Look | None:
    """What stage `preview` found."""
    return txn.record(Tables.LOOKS, U32.pack(asset_id), Look)


def results(txn: ReadTransaction, asset_id: AssetId) -> Iterator[tuple[str, Any]]:
    """Yield what each stage has found: the name of its table, and the record as plain dictionaries and lists."""
    for table in ALL_TABLES:
        stored = txn.get(table, U32.pack(asset_id)) if table.stage else None
        if stored is not None:
            yield table.name, msgspec.msgpack.decode(stored)


def with_content(txn: ReadTransaction, content: bytes) -> AssetId | None:
    """The asset whose content has that blake3 digest."""
    value = txn.get(Tables.CONTENTS, content)
    return None if value is None else AssetId(U32.unpack(value)[0])


def named(txn: ReadTransaction, name: bytes) -> AssetId | None:
    """The asset with that view name, gone or not."""
    if not name or len(name) > view_names.NAME_MAX_BYTES:
        return None
    value = txn.get(Tables.NAMES, name)
    return None if value is None else AssetId(U32.unpack(value)[0])


def identify(txn: WriteTransaction, file_id: FileId, content: bytes, now_ns: int) -> AssetId | None:
    """The file has been read and has that content: give it its asset. None where the file is gone.

    content: blake3 digest, 32 bytes, of exactly the bytes that the file's record describes.
    """
    file = txn.record(Tables.FILES, U32.pack(file_id), FileRecord)
    if file is None:
        return None
    known = with_content(txn, content)
    if known is None and file.asset is not None and _files_of(txn, file.asset) == (file_id,):
        return _edited(txn, file.asset, file, content, now_ns)
    if file.asset is not None and file.asset != known:
        detach(txn, file.asset, file_id)
    asset_id = known if known is not None else _new(txn, file, content, now_ns)
    _attach(txn, asset_id, file_id, file)
    return asset_id


def _files_of(txn: ReadTransaction, asset_id: AssetId) -> tuple[FileId, ...]:
    record = asset(txn, asset_id)
    return record.files if record is not None else ()


def _new(txn: WriteTransaction, file: FileRecord, content: bytes, now_ns: int) -> AssetId:
    asset_id = AssetId(txn.next_id(b"next_asset"))
    txn.touch(asset_id)
    name = view_names.take(txn, file.name, asset_id)
    record = AssetRecord(
        content, file.size, name, file.kind, added_ns=now_ns, changed_ns=now_ns, file_mtime_ns=file.mtime_ns
    )
    txn.put_record(Tables.ASSETS, U32.pack(asset_id), record)
    txn.put(Tables.CONTENTS, content, U32.pack(asset_id))
    return asset_id


def _edited(txn: WriteTransaction, asset_id: AssetId, file: FileRecord, content: bytes, now_ns: int) -> AssetId:
    """The only file of the asset has new content: same photo, same names and facts of the user, all stages again."""
    txn.touch(asset_id)
    record = asset(txn, asset_id)
    if record is None:
        raise LookupError(f"file of asset {asset_id} without its asset")
    txn.delete(Tables.CONTENTS, record.content)
    txn.put(Tables.CONTENTS, content, U32.pack(asset_id))
    changed = msgspec.structs.replace(
        record, content=content, size=file.size, changed_ns=now_ns, file_mtime_ns=file.mtime_ns
    )
    txn.put_record(Tables.ASSETS, U32.pack(asset_id), changed)
    txn.delete(Tables.EMBEDDINGS, U32.pack(asset_id))  # the vectors are of the old content
    face_said.edited(txn, record.content, content)
    jobs.forget(txn, Subject.ASSET, asset_id, keep_done=False)
    return asset_id


def _attach(txn: WriteTransaction, asset_id: AssetId, file_id: FileId, file: FileRecord) -> None:
    txn.touch(asset_id)
    record = asset(txn, asset_id)
    if record is None:
        raise LookupError(f"content of asset {asset_id} without its asset")
    if file_id not in record.files:
        files = tuple(sorted((*record.files, file_id)))
        txn.put_record(Tables.ASSETS, U32.pack(asset_id), msgspec.structs.replace(record, files=files))
    if file.asset != asset_id:
        txn.put_record(Tables.FILES, U32.pack(file_id), msgspec.structs.replace(file, asset=asset_id))


def detach(txn: WriteTransaction, asset_id: AssetId, file_id: FileId) -> None:
    """The file no longer holds the asset; without any file the asset is gone, and nothing is done for it."""
    record = asset(txn, asset_id)
    if record is None:
        return
    txn.touch(asset_id)
    files = tuple(known for known in record.files if known != file_id)
    txn.put_record(Tables.ASSETS, U32.pack(asset_id), msgspec.structs.replace(record, files=files))
    if not files:
        jobs.forget(txn, Subject.ASSET, asset_id)


def keep(txn: WriteTransaction, table: Table, asset_id: AssetId, found: msgspec.Struct | None) -> bool:
    """Keep in `table` what a stage found of an asset, None = nothing; True where that is news.

    News are a real change of the photo: its ctime moves.
    """
    key = U32.pack(asset_id)
    record = asset(txn, asset_id)
    encoded = None if found is None else msgspec.msgpack.encode(found)
    if record is None or txn.get(table, key) == encoded:
        return False
    txn.touch(asset_id)
    if encoded is None:
        txn.delete(table, key)
    else:
        txn.put(table, key, encoded)
    txn.put_record(Tables.ASSETS, key, msgspec.structs.replace(record, changed_ns=time.time_ns()))
    return True
