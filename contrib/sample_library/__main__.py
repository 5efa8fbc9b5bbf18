"""Draw the sample library: python -m contrib.sample_library DIR."""

from __future__ import annotations

import argparse
import concurrent.futures
import datetime as dt
import functools
import os
import shutil
import sys
from pathlib import Path

from contrib.sample_library.files import write_copy, write_shot
from contrib.sample_library.plan import Plan, make_plan


def draw(folder: Path, plan: Plan, seed: int, *, processes: int = 1) -> None:
    """Draw the plan into `folder`: whole or not at all (it is drawn beside it and renamed)."""
    draft = folder.with_name(folder.name + ".drawing")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    write = functools.partial(write_shot, draft, seed)
    with concurrent.futures.ProcessPoolExecutor(processes) as pool:
        for _ in pool.map(write, plan.shots, chunksize=8):
            pass
    for copy in plan.copies:
        write_copy(draft, copy)
    draft.rename(folder)


def main() -> int:
    """Draw the library that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m contrib.sample_library", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder that does not exist yet")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other pictures (default 1)")
    parser.add_argument(
        "--today",
        type=dt.date.fromisoformat,
        default=dt.datetime.now(dt.UTC).astimezone().date(),
        help="for /on-this-day",
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    if arguments.folder.exists():
        parser.error(f"{arguments.folder} exists already")
    plan = make_plan(arguments.seed, arguments.today)
    count = len(plan.shots) + len(plan.copies)
    print(f"drawing a sample library of {count} photos in {arguments.folder} ...", flush=True)
    draw(arguments.folder, plan, arguments.seed, processes=arguments.processes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
