"""`ls` of a large folder and stat() of names not met yet, through the mount of a real daemon.

Beside it the yardsticks of fuse_listing.py: the least in C on libfuse, the least in Python on pyfuse3, and the same
with two reads of the very store that the daemon serves from (as in the prototype that the limit of stat() refers to).
They take turns, so that the machine's moods hit all of them. Of listings, each on a fresh mount, the best round counts,
the one that the rest of the machine disturbed least; of stat() the middle of many short turns.
"""

from __future__ import annotations

import contextlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from tests.bench import fuse_listing
from tests.bench.fuse_listing import Contestant, compile_c
from tests.bench.running import loop_cpu_s_of, running
from tests.bench.sheet import Sheet
from tests.bench.synthetic import LAST_YEAR, Synthetic

FOLDER = f"by-date/{LAST_YEAR}/all"
SCATTERED = "tags/tag 0"
ROUNDS = 4
TURNS, STATS_A_TURN = 40, 400
LS_MIN_PER_S = 100_000
LS_MIN_OF_C = 0.6
STAT_MAX_OF_MINIMAL = 1.3
US = 1e6
WITH_OUR_NAMES = {"ours", "store"}


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


def players(library: Synthetic, count: int, scratch: Path) -> list[Player]:
    """The daemon, and others who show `count` files in one folder; `static` is our mount on a tree without a store."""
    static = [str(fuse_listing.SERVER), "POINT", "tests.mount.statictree:crowd", f'{{"count": {count}}}', "{}"]
    minimal = [fuse_listing.__file__, "--serve-minimal", "POINT", "--count", str(count)]
    return [
        Ours(library),
        Contestant("static", [sys.executable, *static], "all"),
        Contestant("python", [sys.executable, *minimal], "all"),
        Contestant("store", [sys.executable, *minimal, "--store", str(library.state / "store")], "all"),
        Contestant("c", [compile_c(scratch), "POINT", str(count)], "all"),
    ]


def without_store(players: Sequence[Player]) -> list[Player]:
    """Those who can list: the prototype on the store only looks names up."""
    return [player for player in players if player.name != "store"]


def names_in(player: Player) -> list[str]:
    with player.mounted() as (folder, _):
        return sorted(os.listdir(folder))


def rotated(items: Sequence[Player], turn: int) -> list[Player]:
    """The items in another order every turn."""
    first = turn % len(items)
    return [*items[first:], *items[:first]]


def ls_per_s(player: Player, option: str, count: int) -> float:
    """Entries a second of one `ls` on a fresh mount."""
    with player.mounted() as (folder, _):
        started_s = time.perf_counter()
        subprocess.run(["ls", option, folder], stdout=subprocess.DEVNULL, check=True)
        return count / (time.perf_counter() - started_s)


def stat_s(paths: Sequence[str]) -> float:
    """Seconds that stat() of all of them takes."""
    started_s = time.perf_counter()
    for path in paths:
        os.stat(path)  # a Path costs as much as the call
    return time.perf_counter() - started_s


def test_listing(large_library: Synthetic, tmp_path: Path, sheet: Sheet) -> None:
    names = names_in(Ours(large_library))
    all_players = without_store(players(large_library, len(names), tmp_path))
    best: dict[tuple[str, str], float] = defaultdict(float)
    for turn in range(ROUNDS):
        for player in rotated(all_players, turn):
            for option in ("-l", "-U"):
                best[option, player.name] = max(best[option, player.name], ls_per_s(player, option, len(names)))
    what = f"of {len(names):,} of {large_library.count:,} photos"
    limits = {"-l": (LS_MIN_PER_S, LS_MIN_OF_C), "-U": (None, None)}
    for option, (per_s, of_c) in limits.items():
        sheet.add(f"`ls {option}` {what}, fresh mount", best[option, "ours"], "/s", at_least=per_s)
        sheet.add("the same of a tree without a store", best[option, "static"], "/s")
        sheet.add("the same by the least in Python on pyfuse3", best[option, "python"], "/s")
        sheet.add("the same by the least in C on libfuse", best[option, "c"], "/s")
        sheet.add(f"`ls {option}`, our rate to that of C", best[option, "ours"] / best[option, "c"], "", at_least=of_c)
    scattered = Ours(large_library, SCATTERED)
    count = len(names_in(scattered))
    rate = max(ls_per_s(scattered, "-l", count) for _ in range(ROUNDS))
    sheet.add(f"`ls -l` of {count:,} photos scattered over the library, fresh mount", rate, "/s")


def test_stat(large_library: Synthetic, tmp_path: Path, sheet: Sheet) -> None:
    names = names_in(Ours(large_library))
    all_players = players(large_library, len(names), tmp_path)
    chosen = random.Random(1).sample(range(len(names)), min(TURNS * STATS_A_TURN, len(names)))
    clock_us: dict[str, list[float]] = defaultdict(list)
    loop_us: dict[str, list[float]] = defaultdict(list)
    with contextlib.ExitStack() as stack:
        mounts = {player.name: stack.enter_context(player.mounted()) for player in all_players}
        for turn, start in enumerate(range(0, len(chosen), STATS_A_TURN)):
            numbers = chosen[start : start + STATS_A_TURN]
            for player in rotated(all_players, turn):
                folder, server = mounts[player.name]
                paths = [f"{folder}/{names[n] if player.name in WITH_OUR_NAMES else f'{n:08d}.jpg'}" for n in numbers]
                before_s = loop_cpu_s_of(server)
                clock_us[player.name].append(stat_s(paths) / len(paths) * US)
                loop_us[player.name].append((loop_cpu_s_of(server) - before_s) / len(paths) * US)
    sheet.add(f"stat() of {len(chosen):,} names not met yet", US / statistics.median(clock_us["ours"]), "/s")
    sheet.add("the same by the least in Python on the same store", US / statistics.median(clock_us["store"]), "/s")
    sheet.add("the same by the least in Python, from memory", US / statistics.median(clock_us["python"]), "/s")
    sheet.add("the same by the least in C on libfuse", US / statistics.median(clock_us["c"]), "/s")
    for what, times in (("time", clock_us), ("processor time", loop_us)):
        add_ratio(sheet, f"our {what} to that of the least in Python on the same store", times, "ours", "store")
        add_ratio(sheet, f"our {what} without a store to that of the least from memory", times, "static", "python")


def add_ratio(sheet: Sheet, what: str, times: dict[str, list[float]], name: str, yardstick: str) -> None:
    ratios = [ours / theirs for ours, theirs in zip(times[name], times[yardstick], strict=True)]
    sheet.add(what, statistics.median(ratios), "times", at_most=STAT_MAX_OF_MINIMAL)
