"""The pipeline's policy: what is retried, in which order stages run, how fast they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from photofsd.errors import ChildDied, FileChanged, FileUndecodable, FileUnreadable
from photofsd.pipeline import graph
from photofsd.pipeline.rates import Rates
from photofsd.pipeline.retry import LONGEST_WAIT_S, Decision, decide
from photofsd.pipeline.stage import FactStage, Trouble, Work
from photofsd.store.transaction import ReadTransaction, WriteTransaction
from photofsd.types import AssetId


class Nothing(msgspec.Struct, frozen=True):
    pass


def fact_stage(name: str, needs: set[str], makes: set[str]) -> FactStage[Nothing, Nothing]:
    class Some(FactStage[Nothing, Nothing]):
        query = Nothing
        result = Nothing
        version = 1

        def question(self, txn: ReadTransaction, asset: AssetId) -> Nothing | None:
            return Nothing()

        def run(self, questions: Sequence[Nothing], work: Work) -> Sequence[Nothing]:
            return questions

        def commit(self, txn: WriteTransaction, asset: AssetId, result: Nothing) -> bool:
            return True

    stage: Any = Some()
    stage.name, stage.needs, stage.makes = name, frozenset(needs), frozenset(makes)
    return stage


def test_stages_run_after_those_that_make_what_they_need() -> None:
    last = fact_stage("last", {"b", "c"}, {"d"})
    middle = fact_stage("middle", {"a"}, {"b"})
    aside = fact_stage("aside", {"a"}, {"c"})
    first = fact_stage("first", set(), {"a"})
    order = graph.Graph([last, middle, aside, first]).names
    assert order[0] == "first"
    assert order[-1] == "last"


def test_of_the_stages_that_may_run_the_cheap_ones_run_first() -> None:
    first = fact_stage("first", set(), {"a"})
    dear, cheap = fact_stage("a dear one", {"a"}, {"b"}), fact_stage("cheap", {"a"}, {"c"})
    dear.cost_ms, cheap.cost_ms = 60.0, 1.0  # type: ignore[misc]
    after_dear = fact_stage("after", {"b"}, {"d"})
    assert graph.Graph([dear, after_dear, cheap, first]).names == ("first", "cheap", "a dear one", "after")
    assert graph.discover().names[:2] == ("identify", "metadata")
    assert graph.discover().names[-3:] == ("preview", "clip", "faces")


def test_what_comes_right_after_a_stage_is_known() -> None:
    stages = graph.Graph([fact_stage("a", set(), {"x"}), fact_stage("b", {"x"}, {"y"}), fact_stage("c", {"y"}, {"z"})])
    assert [stage.name for stage in stages.after("a")] == ["b"]
    assert stages.needed_by("c") == {"b"}


def test_a_stage_is_found_by_its_file_alone() -> None:
    found = graph.discover()
    assert {"identify", "metadata", "places"} <= set(found.names)
    assert found.names.index("identify") < found.names.index("metadata") < found.names.index("places")


@pytest.mark.parametrize("kind", [FileUnreadable, FileChanged])
def test_trouble_of_the_file_system_is_retried_for_ever_and_ever_less_often(kind: type[Exception]) -> None:
    waits = [decide(Trouble(kind.__name__, ""), attempts).after_s for attempts in range(40)]
    assert all(decide(Trouble(kind.__name__, ""), n).decision is Decision.RETRY for n in range(40))
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_S


def test_what_cannot_be_decoded_is_never_tried_again() -> None:
    assert decide(Trouble(FileUndecodable.__name__, ""), 0).decision is Decision.GIVE_UP


def test_a_file_that_kills_its_reader_gets_a_second_chance_and_no_third() -> None:
    died = Trouble(ChildDied.__name__, "")
    assert decide(died, 0).decision is Decision.RETRY
    assert decide(died, 1).decision is Decision.GIVE_UP


def test_rates_are_of_the_last_minute() -> None:
    now = [1000.0]
    rates = Rates(clock=lambda: now[0])
    for _ in range(10):
        rates.count("metadata", 5)
        now[0] += 1
    assert rates.per_s("metadata") == pytest.approx(5)
    assert rates.last_minute("metadata") == 50
    now[0] += 120
    assert rates.per_s("metadata") == 0
    assert rates.last_minute("metadata") == 0
    assert rates.per_s("unheard of") == 0
