"""What lies beside a photo and speaks of it, as the paths that a visit reads, and as the store knows those files.

A photo that lies at several paths (in the folder of its year and in an album) is spoken of at each of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from photofsd.store import assets, paths, sidecars

if TYPE_CHECKING:
    from photofsd.records import FileRecord
    from photofsd.store.paths import PathRow
    from photofsd.store.transaction import ReadTransaction
    from photofsd.types import AssetId, DirId


class Beside:
    """Looks for sidecars within one transaction that writes none; what concerns a whole folder is looked for once."""

    def __init__(self, txn: ReadTransaction) -> None:
        self._txn = txn
        self._folders: dict[DirId, tuple[bytes, tuple[bytes, ...]]] = {}
        libraries = paths.libraries(txn)
        self._offline = tuple(library.path.rstrip(b"/") + b"/" for library in libraries if not library.is_online)

    def of_photo(self, asset: AssetId) -> dict[bytes, PathRow | None]:
        """The sidecars of a photo at any of its paths within reach, the most specific one first; absolute paths."""
        record = assets.asset(self._txn, asset)
        files = () if record is None else record.files
        return self.of_files(file for number in files if (file := paths.file(self._txn, number)) is not None)

    def of_files(self, files: Iterable[FileRecord]) -> dict[bytes, PathRow | None]:
        """The sidecars of these files, each once."""
        return dict(itertools.chain.from_iterable(map(self._of_file, files)))

    def _of_file(self, file: FileRecord) -> Iterator[tuple[bytes, PathRow | None]]:
        above, albums = self._folder(file.dir)
        if not above.startswith(self._offline):
            for name in (*sidecars.names_for(self._txn, file.dir, file.name), *albums):
                yield above + name, paths.file_at(self._txn, file.dir, name)

    def _folder(self, folder: DirId) -> tuple[bytes, tuple[bytes, ...]]:
        """The path of a folder, ending in a slash, and what may describe it as an album."""
        known = self._folders.get(folder)
        if known is None:
            above = paths.folder_path(self._txn, folder).rstrip(b"/") + b"/"
            known = self._folders[folder] = (above, sidecars.albums_in(self._txn, folder))
        return known
