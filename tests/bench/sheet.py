"""The figures of one bench: printed with their limits, and where asked for written into docs/benchmarks.md."""

from __future__ import annotations

import datetime as dt
import math
import os
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "benchmarks.md"
HEAD = ("what", "measured", "limit", "")
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Figure:
    """Something measured, and what it should be at least or at most."""

    what: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The row of a table, as HEAD."""
        measured = f"{shown(self.value)} {self.unit}".rstrip()
        if self.at_least is not None:
            verdict = "kept" if self.value >= self.at_least else "MISSED"
            return self.what, measured, f"≥ {shown(self.at_least)}", verdict
        if self.at_most is not None:
            verdict = "kept" if self.value <= self.at_most else "MISSED"
            return self.what, measured, f"≤ {shown(self.at_most)}", verdict
        return self.what, measured, "", ""


class Sheet:
    """Takes figures as they are measured. name: of its section in the document."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._figures: list[Figure] = []
        self._load = os.getloadavg()[0]
        say(f"\n{name}: {conditions()}")

    def add(
        self, what: str, value: float, unit: str, *, at_least: float | None = None, at_most: float | None = None
    ) -> None:
        """Note a figure and print it."""
        figure = Figure(what, value, unit, at_least, at_most)
        self._figures.append(figure)
        what, measured, limit, verdict = figure.cells
        say(f"  {what:<72} {measured:>18}  {limit:<10} {verdict}".rstrip())

    def record(self, document: Path = DOCUMENT) -> None:
        """Replace the section of this sheet in the document."""
        load = f"load {self._load:.1f} before, {os.getloadavg()[0]:.1f} after"
        rows = [HEAD, ("---", "---:", "---", "---"), *(figure.cells for figure in self._figures)]
        table = "\n".join("| " + " | ".join(cells) + " |" for cells in rows)
        begin, end = f"<!-- bench: {self.name} -->", "<!-- end -->"
        text = document.read_text(encoding="utf-8")
        section = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        fresh = f"{begin}\n{conditions()}; {load}.\n\n{table}\n{end}"
        text, count = section.subn(lambda _: fresh, text)
        if count != 1:
            raise LookupError(f"{document} has {count} sections {begin}: it must have one")
        document.write_text(text, encoding="utf-8")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def shown(value: float) -> str:
    """Three digits that count, or all before the point."""
    digits = 2 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percentile(values: list[float], percent: float) -> float:
    """The value that `percent` of the values do not exceed."""
    return sorted(values)[min(len(values) - 1, math.ceil(len(values) * percent / 100) - 1)]


def conditions() -> str:
    """When and on what: date, processor, memory, kernel, Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    return (
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, {_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"Linux {platform.release().partition('-')[0]}, Python {platform.python_version()}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
