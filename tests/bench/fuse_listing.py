"""Measures the mount: `ls -l` of a large folder and uncached stat(), against C and against the least in Python.

Three servers take turns in every round, each on a fresh mount, so that the machine's moods hit all of them; the best
round counts, the one that the rest of the machine disturbed least:
ours (photofsd/fuse on a tree), minimal (pyfuse3 with nothing in it), c (listing.c on libfuse3).
Exits 1 when a limit is missed.

    python tests/bench/fuse_listing.py [--count 100000] [--rounds 5]
    python tests/bench/fuse_listing.py --tree MODULE:FUNCTION --keywords JSON --folder by-date/2024/all
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import lmdb
import pyfuse3
import trio

ROW = struct.Struct("<Qqq")  # as in photofsd/store/schema.py
HERE = Path(__file__).parent
SERVER = HERE.parent / "mount" / "server.py"

LS_MIN_PER_S = 100_000
LS_MIN_SHARE_OF_C = 0.6
STAT_MAX_OF_MINIMAL = 1.3
STATS = 20_000
TITLES = ("ls -l on a fresh mount", "stat of names not met yet", "the same, by the server's own CPU time")


class Minimal(pyfuse3.Operations):
    """The least that lists and stats: no tree, no guard, no types."""

    ALL, FIRST = 2, 1000

    def __init__(self, count: int) -> None:
        super().__init__()
        self.names = [(b"%08d.jpg" % n, self.FIRST + n) for n in range(count)]
        self.inodes = dict(self.names)
        self.uid, self.gid = os.getuid(), os.getgid()

    def fill(self, inode: int, entry: pyfuse3.EntryAttributes) -> pyfuse3.EntryAttributes:
        entry.st_ino = inode
        entry.st_uid, entry.st_gid = self.uid, self.gid
        entry.entry_timeout = entry.attr_timeout = 60
        if inode < self.FIRST:
            entry.st_mode = 0o040555
            return entry
        entry.st_mode = 0o100444
        entry.st_nlink = 2
        entry.st_size = size = 1000 + inode
        entry.st_blocks = (size + 511) // 512
        entry.st_atime_ns = entry.st_mtime_ns = entry.st_ctime_ns = inode * 10**9
        return entry

    async def lookup(self, parent_inode, name, ctx):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
        inode = self.ALL if name == b"all" else self.inodes.get(name)
        if inode is None:
            raise pyfuse3.FUSEError(2)
        return self.fill(inode, pyfuse3.EntryAttributes())

    async def getattr(self, inode, ctx):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
        return self.fill(inode, pyfuse3.EntryAttributes())

    async def opendir(self, inode, ctx):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
        return inode

    async def readdir(self, fh, start_id, token):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
        entry = pyfuse3.EntryAttributes()
        rows = self.names if fh == self.ALL else [(b"all", self.ALL)]
        for position in range(start_id, len(rows)):
            name, inode = rows[position]
            if not pyfuse3.readdir_reply(token, name, self.fill(inode, entry), position + 1):
                return

    async def releasedir(self, fh):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
        pass


class MinimalOnStore(Minimal):
    """The same, but what a name stands for and what stat() shows of it are looked up in a store of ours: two reads."""

    def __init__(self, store: Path) -> None:
        super().__init__(0)
        self.environment = lmdb.open(str(store), readonly=True, max_dbs=64, max_spare_txns=4)
        self.names_table = self.environment.open_db(b"names", create=False)
        self.rows_table = self.environment.open_db(b"rows", create=False)

    async def lookup(self, parent_inode, name, ctx):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
        entry = pyfuse3.EntryAttributes()
        if name == b"all":
            return self.fill(self.ALL, entry)
        with self.environment.begin() as txn:
            asset = txn.get(name, db=self.names_table)
            if asset is None:
                raise pyfuse3.FUSEError(2)
            size, mtime_ns, ctime_ns = ROW.unpack_from(txn.get(asset, db=self.rows_table))
        self.fill(self.FIRST + int.from_bytes(asset, "big"), entry)
        entry.st_size, entry.st_mtime_ns, entry.st_ctime_ns = size, mtime_ns, ctime_ns
        return entry


def serve_minimal(point: str, count: int, store: str | None) -> None:
    operations = Minimal(count) if store is None else MinimalOnStore(Path(store))
    pyfuse3.init(operations, point, {"default_permissions", "fsname=photofsd-bench"})
    print("mounted", flush=True)
    trio.run(pyfuse3.main)
    pyfuse3.close()


@dataclasses.dataclass(frozen=True)
class Contestant:
    """command: serves a mount at the path put in place of POINT, and prints a line when it is there."""

    name: str
    command: list[str]
    folder: str

    @contextlib.contextmanager
    def mounted(self) -> Iterator[tuple[Path, int]]:
        """A fresh mount; yields the folder to look at and the server's process id."""
        with tempfile.TemporaryDirectory() as point:
            command = [point if word == "POINT" else word for word in self.command]
            with subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            ) as server:
                assert server.stdout is not None
                try:
                    server.stdout.readline()
                    yield Path(point, self.folder), server.pid
                finally:
                    subprocess.run(["fusermount3", "-u", "-z", point], check=True)
                    server.wait(10)


def seconds_of(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def ls_per_s(contestant: Contestant, count: int) -> float:
    """Entries a second of one `ls -l` on a fresh mount."""
    with contestant.mounted() as (folder, _):
        command = ["ls", "-l", str(folder)]
        return count / seconds_of(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True))


def stats_per_s(contestant: Contestant, names: list[str]) -> tuple[float, float]:
    """stat() calls a second, of names that the kernel has not met; and calls for a second of the server's own time."""
    with contestant.mounted() as (folder, server):
        paths = [folder / name for name in names]
        folder.stat()
        before = cpu_seconds(server)

        def stat_all() -> None:
            for path in paths:
                path.stat()

        elapsed = seconds_of(stat_all)
        return len(paths) / elapsed, len(paths) / max(cpu_seconds(server) - before, 0.01)


def cpu_seconds(process: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compile_c(folder: Path) -> str:
    """Compile listing.c and return the program's path."""
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], capture_output=True, text=True, check=True)
    program = str(folder / "listing")
    subprocess.run(["gcc", "-O2", "-o", program, str(HERE / "listing.c"), *flags.stdout.split()], check=True)
    return program


def contestants(given: argparse.Namespace, count: int, folder: Path) -> list[Contestant]:
    ours = [sys.executable, str(SERVER), "POINT", given.tree, given.keywords, "{}"]
    minimal = [sys.executable, __file__, "--serve-minimal", "POINT", "--count", str(count)]
    return [
        Contestant("ours", ours, given.folder),
        Contestant("minimal", minimal, "all"),
        Contestant("c", [compile_c(folder), "POINT", str(count)], "all"),
    ]


def names_in(contestant: Contestant) -> list[str]:
    with contestant.mounted() as (folder, _):
        return sorted(path.name for path in folder.iterdir())


def compare(given: argparse.Namespace, scratch: Path) -> bool:
    """Run all rounds and print the best of each. Claim: every limit was kept."""
    ours = contestants(given, given.count, scratch)[0]
    names = names_in(ours)
    players = contestants(given, len(names), scratch)
    some = random.Random(1).sample(range(len(names)), min(STATS, len(names)))
    rates: dict[str, dict[str, float]] = {title: {player.name: 0.0 for player in players} for title in TITLES}
    for turn in range(given.rounds):
        for player in players[turn % 3 :] + players[: turn % 3]:
            chosen = [names[n] if player.name == "ours" else f"{n:08d}.jpg" for n in some]
            for title, rate in zip(TITLES, (ls_per_s(player, len(names)), *stats_per_s(player, chosen)), strict=True):
                rates[title][player.name] = max(rates[title][player.name], rate)
    print(f"{len(names):,} entries, best of {given.rounds} rounds, thousands a second")
    return report(rates)


def report(rates: dict[str, dict[str, float]]) -> bool:
    """Print figures and limits. Claim: every limit was kept."""
    print(f"{'':<40}" + "".join(f"{name:>9}" for name in rates[TITLES[0]]))
    for title, row in rates.items():
        print(f"{title:<40}" + "".join(f"{rate / 1000:9.1f}" for rate in row.values()))
    ls, _, own_time = rates.values()
    checks = [
        ("ls -l at least 100 k/s", ls["ours"], LS_MIN_PER_S),
        ("ls -l at least 60 % of C", ls["ours"] / ls["c"], LS_MIN_SHARE_OF_C),
        ("stat at most 1.3 times minimal's time", own_time["minimal"] / own_time["ours"], -STAT_MAX_OF_MINIMAL),
    ]
    kept = [value >= limit if limit > 0 else value <= -limit for _, value, limit in checks]
    for (title, value, _), is_kept in zip(checks, kept, strict=True):
        print(f"  {'kept  ' if is_kept else 'MISSED'} {title}: {value:,.2f}")
    return all(kept)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--count", type=int, default=100_000, help="photos in the built-in tree")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tree", default="tests.mount.statictree:crowd", help="MODULE:FUNCTION that returns a Tree")
    parser.add_argument("--keywords", help="its keyword arguments, in JSON")
    parser.add_argument("--folder", default="all", help="the folder to list, in that tree")
    parser.add_argument("--serve-minimal", metavar="POINT", help=argparse.SUPPRESS)
    parser.add_argument("--store", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve_minimal:
        serve_minimal(given.serve_minimal, given.count, given.store)
        return 0
    if given.keywords is None:
        given.keywords = json.dumps({"count": given.count} if given.tree.endswith(":crowd") else {})
    with tempfile.TemporaryDirectory() as scratch:
        return 0 if compare(given, Path(scratch)) else 1


if __name__ == "__main__":
    sys.exit(main())
