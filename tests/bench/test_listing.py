"""`ls` of a large folder and stat() of names not met yet, through the mount of a real daemon.

The yardsticks of fuse_listing.py take turns with it in every round, each on a fresh mount, so that the machine's moods
hit all of them: the least in C on libfuse, and the least in Python on pyfuse3. The best round counts, the one that the
rest of the machine disturbed least.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from tests.bench import fuse_listing
from tests.bench.fuse_listing import Contestant, compile_c, seconds_of, stats_per_s
from tests.bench.running import running
from tests.bench.sheet import Sheet
from tests.bench.synthetic import LAST_YEAR, Synthetic

FOLDER = f"by-date/{LAST_YEAR}/all"
SCATTERED = "tags/tag 0"
ROUNDS = 4
STATS = 20_000
LS_MIN_PER_S = 100_000
LS_MIN_OF_C = 0.6
STAT_MAX_OF_MINIMAL = 1.3


class Player(Protocol):
    """Somebody who can be mounted."""

    name: str

    def mounted(self) -> contextlib.AbstractContextManager[tuple[Path, int]]:
        """A fresh mount; gives the folder to look at and the server's process id."""


@dataclass(frozen=True)
class Ours:
    """The daemon over the large library."""

    name: ClassVar[str] = "ours"
    library: Synthetic
    folder: str = FOLDER

    @contextlib.contextmanager
    def mounted(self) -> Iterator[tuple[Path, int]]:
        with (
            tempfile.TemporaryDirectory() as scratch,
            running(self.library.library, self.library.state, Path(scratch, "mnt")) as daemon,
        ):
            daemon.await_rest()
            yield daemon.mount / self.folder, daemon.process.pid


def names_in(player: Player) -> list[str]:
    with player.mounted() as (folder, _):
        return sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths


def ls_per_s(player: Player, option: str, count: int) -> float:
    """Entries a second of one `ls` on a fresh mount."""
    with player.mounted() as (folder, _):
        command = ["ls", option, str(folder)]
        return count / seconds_of(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True))


def test_listing(large_library: Synthetic, tmp_path: Path, sheet: Sheet) -> None:
    ours = Ours(large_library)
    names = names_in(ours)
    minimal = [sys.executable, fuse_listing.__file__, "--serve-minimal", "POINT", "--count", str(len(names))]
    players: list[Player] = [
        ours,
        Contestant("minimal", minimal, "all"),
        Contestant("c", [compile_c(tmp_path), "POINT", str(len(names))], "all"),
    ]
    chosen = random.Random(1).sample(range(len(names)), min(STATS, len(names)))
    best: dict[tuple[str, str], float] = {}

    def keep(what: str, player: Player, rate: float) -> None:
        best[what, player.name] = max(best.get((what, player.name), 0), rate)

    for turn in range(ROUNDS):
        for player in players[turn % 3 :] + players[: turn % 3]:
            some = [names[n] if player is ours else f"{n:08d}.jpg" for n in chosen]
            keep("ls -l", player, ls_per_s(player, "-l", len(names)))
            keep("ls -U", player, ls_per_s(player, "-U", len(names)))
            by_clock, by_cpu = stats_per_s(player, some)
            keep("stat", player, by_clock)
            keep("stat by CPU", player, by_cpu)
    report(sheet, best, len(names), large_library.count)
    scattered = Ours(large_library, SCATTERED)
    count = len(names_in(scattered))
    sheet.add(
        f"`ls -l` of {count:,} photos scattered over all ids",
        max(ls_per_s(scattered, "-l", count) for _ in range(2)),
        "/s",
    )


def report(sheet: Sheet, best: dict[tuple[str, str], float], count: int, of: int) -> None:
    folder = f"of {count:,} of {of:,} photos, fresh mount"
    sheet.add(f"`ls -l` {folder}", best["ls -l", "ours"], "/s", at_least=LS_MIN_PER_S)
    sheet.add("the same, C on libfuse", best["ls -l", "c"], "/s")
    sheet.add("the same, the least in Python", best["ls -l", "minimal"], "/s")
    sheet.add("`ls -l`, ours of C's rate", best["ls -l", "ours"] / best["ls -l", "c"], "", at_least=LS_MIN_OF_C)
    sheet.add(f"`ls -U` {folder}", best["ls -U", "ours"], "/s")
    sheet.add("`ls -U`, ours of C's rate", best["ls -U", "ours"] / best["ls -U", "c"], "")
    sheet.add("stat() of a name not met yet", best["stat", "ours"], "/s")
    sheet.add("the same, the least in Python", best["stat", "minimal"], "/s")
    sheet.add("the same, C on libfuse", best["stat", "c"], "/s")
    for title, what in (("time", "stat"), ("CPU time", "stat by CPU")):
        times = best[what, "minimal"] / best[what, "ours"]
        sheet.add(f"stat(), our {title} to that of the least in Python", times, "times", at_most=STAT_MAX_OF_MINIMAL)
