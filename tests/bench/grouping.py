"""One pass over drawn faces, in a process of its own: `python -m tests.bench.grouping ROWS.f16 DIMENSION PEOPLE.npy`.

Writes whose each face is, and prints {"seconds", "processor_s", "peak_mb"}; the memory includes the mapped rows.
"""

from __future__ import annotations

import json
import resource
import sys
import time

import numpy as np

from photofsd.clustering.forming import Closeness
from photofsd.clustering.regrouping import regrouped
from photofsd.clustering.roll import RowsAt
from photofsd.clustering.votes import Known


def main() -> None:
    rows = np.memmap(sys.argv[1], np.float16, "r").reshape(-1, int(sys.argv[2]))
    nobody = np.zeros(len(rows), np.bool_)
    known = Known(
        rows=RowsAt(rows, np.arange(len(rows), dtype=np.uint32)),
        photos=np.arange(len(rows)),
        people=np.zeros(len(rows), np.int64),
        held=nobody,
        by_file=nobody,
        is_said=nobody,
        bars=np.full(len(rows), -1, np.float32),
    )
    started_s, worked_s = time.perf_counter(), time.process_time()
    outcome = regrouped(known, Closeness())
    np.save(sys.argv[3], outcome.people)
    figures = {
        "seconds": time.perf_counter() - started_s,
        "processor_s": time.process_time() - worked_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
