"""The stages and their order, from what each needs and makes."""

from __future__ import annotations

import graphlib
import heapq
import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from photofsd.pipeline import stages
from photofsd.pipeline.stage import FactStage, FileStage, ModelStage, Stage


class Graph:
    """Stages in an order in which every stage comes after those that make what it needs, and cheap before dear."""

    def __init__(self, all_stages: Iterable[Stage[Any]]) -> None:
        known = {stage.name: stage for stage in all_stages}
        makers = {fact: stage.name for stage in known.values() for fact in stage.makes}
        needs = {stage.name: {makers[fact] for fact in stage.needs} for stage in known.values()}
        self._order = tuple(known[name] for name in _ordered(needs, {name: known[name].cost_ms for name in known}))
        self._needs = needs

    def __iter__(self) -> Iterator[Stage[Any]]:
        return iter(self._order)

    def __getitem__(self, name: str) -> Stage[Any]:
        return next(stage for stage in self._order if stage.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """Stage names, in order."""
        return tuple(stage.name for stage in self._order)

    @property
    def file_stages(self) -> tuple[FileStage[Any], ...]:
        """The stages that read the file, in order."""
        return tuple(stage for stage in self._order if isinstance(stage, FileStage))

    @property
    def fact_stages(self) -> tuple[FactStage[Any, Any], ...]:
        """The stages that work on what is known, in order."""
        return tuple(stage for stage in self._order if isinstance(stage, FactStage))

    @property
    def model_stages(self) -> tuple[ModelStage[Any, Any, Any, Any], ...]:
        """The stages that show photos to a model, in order."""
        return tuple(stage for stage in self._order if isinstance(stage, ModelStage))

    def needed_by(self, name: str) -> set[str]:
        """The stages that `name` comes right after."""
        return self._needs[name]

    def after(self, name: str) -> tuple[Stage[Any], ...]:
        """The stages that come right after `name`."""
        return tuple(stage for stage in self._order if name in self._needs[stage.name])


def _ordered(needs: Mapping[str, set[str]], cost_ms: Mapping[str, float]) -> Iterator[str]:
    """The names in the order of their needs; of those that may come next, the cheapest first."""
    sorter = graphlib.TopologicalSorter(needs)
    sorter.prepare()
    possible: list[tuple[float, str]] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heapq.heappush(possible, (cost_ms[name], name))
        _, cheapest = heapq.heappop(possible)
        yield cheapest
        sorter.done(cheapest)


def discover() -> Graph:
    """Every stage in photofsd/pipeline/stages: each module there exports STAGE. A new stage is one file."""
    modules = [
        importlib.import_module(f"{stages.__name__}.{info.name}") for info in pkgutil.iter_modules(stages.__path__)
    ]
    return Graph(module.STAGE for module in modules)
