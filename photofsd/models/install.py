"""Fetching a published model: the only thing in the whole program that opens a network connection.

Files come one after the other into a folder of their own, where a broken download is taken up again; their SHA-256 is
compared with what the publisher says; the model is moved to its place when it is whole. HF_ENDPOINT names a mirror.
"""

from __future__ import annotations

import fnmatch
import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from photofsd.display import first_line
from photofsd.errors import ModelUnusable, PhotofsdError, UsageError
from photofsd.models import importing
from photofsd.models.folder import Installed, layout_of, what_is_missing

if TYPE_CHECKING:
    from photofsd.models.registry import Published

BEING_FETCHED: Final = ".fetching-"
_QUIET: Final = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}

Progress = Callable[[str, int, int], None]
"""Called with the file at work, the bytes that have come, and all of them."""


def fetch(published: Published, models: Path, *, progress: Progress) -> Installed:
    """Fetch and install a model. Raises ModelUnusable, UsageError; run again, it goes on where it stopped."""
    target = models / published.purpose / published.name
    if target.exists():
        raise UsageError(f"{target} is there already: remove it to fetch it again")
    arriving = target.with_name(BEING_FETCHED + published.name)
    try:
        arriving.mkdir(parents=True, exist_ok=True)
        with _hub() as hub:
            _fetch_files(hub, published, arriving, progress)
    except PhotofsdError:
        raise
    except Exception as error:  # the client library's errors share no base
        why = first_line(error)
        raise ModelUnusable(f"{published.repository} cannot be fetched: {why}; run it again to go on") from error
    layout = layout_of(published.purpose, arriving)
    if layout is None:
        missing = what_is_missing(published.purpose, arriving)
        raise ModelUnusable(f"{published.repository} is no longer as it was: {missing}")
    shutil.rmtree(arriving / ".cache", ignore_errors=True)
    return importing.settle(Installed(published.purpose, published.name, layout, arriving), target)


@contextmanager
def _hub() -> Iterator[Any]:
    """The client library, which reads its settings when it is loaded."""
    os.environ.update(_QUIET)
    os.environ.pop("HF_HUB_OFFLINE", None)
    try:
        import huggingface_hub  # noqa: PLC0415 - an extra, and nothing else may load what talks to the network
    except ImportError as error:
        raise ModelUnusable("huggingface_hub is not installed: pip install 'photofsd[ml]'") from error
    yield huggingface_hub


def _fetch_files(hub: Any, published: Published, folder: Path, progress: Progress) -> None:  # noqa: ANN401
    info = hub.HfApi().model_info(published.repository, files_metadata=True, token=False)
    files = [file for file in info.siblings or () if _is_wanted(file.rfilename, published.wanted)]
    if not files:
        raise ModelUnusable(f"{published.repository} holds none of {', '.join(published.wanted)}")
    of_all = sum(file.size or 0 for file in files)
    before = 0
    for file in files:

        def told(done: int, name: str = file.rfilename, before: int = before) -> None:
            progress(name, before + done, of_all)

        path = Path(
            hub.hf_hub_download(
                published.repository,
                file.rfilename,
                revision=info.sha,
                local_dir=folder,
                token=False,
                tqdm_class=_bar(told),
            )
        )
        if file.lfs is not None:
            _compare(path, file.lfs.sha256)
        before += file.size or 0
        told(0, before=before)


def _is_wanted(name: str, patterns: Sequence[str]) -> bool:
    """Claim: the file is asked for, and its name leads nowhere else."""
    parts = name.split("/")
    return not any(part in {"", ".", ".."} or part.startswith(".") for part in parts) and any(
        fnmatch.fnmatchcase(name, pattern) for pattern in patterns
    )


def _compare(path: Path, promised: str) -> None:
    """Raise ModelUnusable, and remove the file, when it is not what was promised."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    if digest.hexdigest() != promised:
        path.unlink()
        raise ModelUnusable(f"{path.name} did not arrive as it was sent (SHA-256): run it again")


def _bar(told: Callable[[int], None]) -> type:
    """A bar for the client library that tells how much of a file has come."""
    from tqdm import tqdm  # noqa: PLC0415 - comes with the client library

    class Bar(tqdm):  # type: ignore[type-arg]  # generic for type checkers alone
        def __init__(self, *arguments: Any, **keywords: Any) -> None:  # noqa: ANN401
            super().__init__(*arguments, **keywords | {"file": io.StringIO(), "disable": False})

        def update(self, n: float | None = 1) -> bool | None:
            shown: bool | None = super().update(n)
            told(int(self.n))
            return shown

    return Bar
