"""What component tests may ask for: the program as a process of its own, a daemon's control socket, a store."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import trio

from photofsd.daemon import clustering
from photofsd.daemon.control import Handlers, control_socket, serve
from photofsd.store.env import Store
from photofsd.store.writer import Writer
from tests.component.album import Album, Look, looks_of_many
from tests.component.librarian import Librarian, librarian
from tests.component.store_kit import open_store, violations

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def photofsd(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run `photofsd` with the arguments given, at home in an empty folder; stdout and stderr as bytes."""
    home = tmp_path / "home"
    home.mkdir()

    def run(
        *arguments: str | bytes | Path, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "photofsd", *arguments],
            capture_output=True,
            check=False,
            cwd=home,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(CHECKOUT), **(environ or {})},
            timeout=60,
        )

    return run


@pytest.fixture
def serving() -> Callable[..., contextlib.AbstractContextManager[None]]:
    """Serve a control socket in a loop of its own, as the daemon does, as long as the block lasts."""

    @contextlib.contextmanager
    def serve_until_left(state: Path, handlers: Handlers, runtime: Path | None = None) -> Iterator[None]:
        ready = threading.Event()
        loop: list[tuple[trio.lowlevel.TrioToken, trio.CancelScope]] = []

        async def main() -> None:
            with control_socket(runtime or state, state) as listener, trio.CancelScope() as scope:
                loop.append((trio.lowlevel.current_trio_token(), scope))
                ready.set()
                await serve(listener, handlers)

        thread = threading.Thread(target=trio.run, args=(main,))
        thread.start()
        assert ready.wait(10)
        try:
            yield
        finally:
            token, scope = loop[0]
            token.run_sync_soon(scope.cancel)
            thread.join(10)
            assert not thread.is_alive()

    return serve_until_left


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store; the test fails if the store is not as schema.py says at its end."""
    opened = open_store(tmp_path / "store")
    yield opened
    assert violations(opened) == []
    opened.close()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Librarian]:
    """A librarian over an empty library folder: a real store, and real readers when it is told to work."""
    folder = tmp_path / "library"
    folder.mkdir()
    with librarian(folder, tmp_path / "state") as one:
        yield one


@pytest.fixture
def writer(store: Store) -> Iterator[Writer]:
    """The writer of `store`."""
    running = Writer(store)
    yield running
    running.close()


@pytest.fixture
def album(tmp_path: Path, store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> Album:
    """Photos with faces, and a model for them; the clusterer waits for nothing."""
    monkeypatch.setattr(clustering, "GATHER_S", 0.01)
    monkeypatch.setattr(clustering, "QUIET_S", 0.1)
    monkeypatch.setattr(clustering, "SHARE", 0)
    monkeypatch.setattr(clustering, "AGAIN_S", 0.05)
    return Album.make(tmp_path, store, writer)


@pytest.fixture
def looks() -> Look:
    """Gives another face of person 0, 1, 2 ... whenever it is asked."""
    return looks_of_many()
