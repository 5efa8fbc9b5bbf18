"""Which photos are one shot: judged by names, times and ids of those that find each other under a key (kin.py).

Every judgement is about a whole group and depends on nothing but its members, so the order in which they came cannot
matter. A group that is too large to be one shot says nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from photofsd.records import Taken
from photofsd.store.kin import Kin, moment
from photofsd.store.shot_names import ShotName
from photofsd.types import AssetId, Kind, StackKind

MEMBERS_MAX = 1000
"""More are no stack: a time lapse, an id that a program gives to everything."""

NAMESAKES_MAX = 32
"""More files of one base name, or one Live Photo id, are no shot."""

SERIES_GAP_NS = 1_000_000_000
"""Shots of a series follow each other within less than this."""

PAIR_SPAN_NS = 500_000_000
"""Two shots are a burst when no finger could have been that quick; from three on the gap alone counts."""

_SHOTS_OF_A_SERIES = 3
_SAME_STILL_NS = 2_000_000_000
_SAME_MOVIE_NS = 5_000_000_000
_QUARTER_HOUR_NS = 900 * 1_000_000_000
_ZONES_APART_NS = 26 * 3600 * 1_000_000_000
_MINUTE_NS = 60 * 1_000_000_000
_STILLS = frozenset({Kind.IMAGE, Kind.RAW})


class Tie(NamedTuple):
    """Two photos that are one shot (or of one burst), and why."""

    one: AssetId
    other: AssetId
    kind: StackKind


def of_namesakes(group: Mapping[AssetId, tuple[Kin, ShotName]]) -> Iterator[Tie]:
    """The ties among files that have a base name, or a Live Photo id, in common.

    Where two of them contradict each other (a counter that began anew, two cameras in one folder), only what the
    clocks or ids confirm counts.
    """
    if len(group) > NAMESAKES_MAX:
        return
    pairs = list(itertools.combinations(sorted(group), 2))
    verdicts = [_is_same_shot(group[one][0], group[other][0]) for one, other in pairs]
    is_mixed = False in verdicts
    for (one, other), verdict in zip(pairs, verdicts, strict=True):
        kind = _kind(group[one], group[other], is_confirmed=verdict is True)
        if kind is not None and verdict is not False and (verdict or not is_mixed):
            yield Tie(one, other, kind)


def of_burst(group: Mapping[AssetId, Kin]) -> Iterator[Tie]:
    """The ties among photos that a camera has marked as shots of one burst."""
    if len(group) <= MEMBERS_MAX and len({kin.bases for kin in group.values()}) > 1:
        ordered = sorted(group)
        yield from (Tie(one, other, StackKind.BURST) for one, other in itertools.pairwise(ordered))


def of_series(series: Sequence[tuple[bytes, AssetId]]) -> Iterator[Tie]:
    """The ties among the photos of one camera in one folder that follow each other without a gap.

    series: their MOMENT keys, in order. Files of the same time or base name are one shot.
    """
    if len(series) > MEMBERS_MAX:
        return
    moments = [moment(key) for key, _ in series]
    shots = min(len({ns for _, ns, _ in moments}), len({base for _, _, base in moments}))
    span_ns = moments[-1][1] - moments[0][1]
    if shots >= _SHOTS_OF_A_SERIES or (shots > 1 and span_ns <= PAIR_SPAN_NS):
        assets = [asset for _, asset in series]
        yield from (Tie(one, other, StackKind.BURST) for one, other in itertools.pairwise(assets))


def is_next(one: bytes, other: bytes) -> bool:
    """Claim: of two MOMENT keys, in any order, one follows the other without a gap."""
    (series, one_ns, _), (of_other, other_ns, _) = moment(one), moment(other)
    return series == of_other and abs(one_ns - other_ns) < SERIES_GAP_NS


def _is_same_shot(one: Kin, other: Kin) -> bool | None:
    """Whether clocks, ids and cameras say so; None where they say nothing."""
    if one.live_id is not None and other.live_id is not None:
        return one.live_id == other.live_id
    if one.clock is not None and other.clock is not None:
        has_movie = Kind.VIDEO in (one.kind, other.kind)
        return _apart_ns(one.clock, other.clock) <= (_SAME_MOVIE_NS if has_movie else _SAME_STILL_NS)
    is_other_camera = one.camera is not None and other.camera is not None and one.camera != other.camera
    return False if is_other_camera else None


def _apart_ns(one: Taken, other: Taken) -> int:
    """How far two times lie apart; where one does not say its zone, whole quarters of an hour count for nothing."""
    if one.offset_min is not None and other.offset_min is not None:
        zones_ns = (one.offset_min - other.offset_min) * _MINUTE_NS
        return abs(one.local_ns - other.local_ns - zones_ns)
    apart_ns = abs(one.local_ns - other.local_ns)
    rest_ns = apart_ns % _QUARTER_HOUR_NS
    return min(rest_ns, _QUARTER_HOUR_NS - rest_ns) if apart_ns <= _ZONES_APART_NS else apart_ns


def _kind(one: tuple[Kin, ShotName], other: tuple[Kin, ShotName], *, is_confirmed: bool) -> StackKind | None:
    """What two files of one base name are to each other, as far as their names and formats tell."""
    kinds = {one[0].kind, other[0].kind}
    if Kind.VIDEO in kinds and kinds & _STILLS:
        is_pair = one[0].live_id is not None and one[0].live_id == other[0].live_id
        return StackKind.LIVE if is_pair or one[0].is_brief or other[0].is_brief else None
    if one[1].edits != other[1].edits:
        is_proof = is_confirmed or not (one[1].is_loose or other[1].is_loose)
        return StackKind.EDITED if is_proof else None
    if kinds == _STILLS:
        return StackKind.RAW
    return StackKind.FORMATS if is_confirmed else None
