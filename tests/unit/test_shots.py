"""Which files are one shot, judged by what is known of them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from photofsd.records import FileRecord, Metadata, Taken
from photofsd.store import kin, shots
from photofsd.store.kin import Bond, Kin
from photofsd.types import AssetId, DateSource, DirId, Kind, StackKind

SECOND = 10**9
NOON = 1_718_452_800 * SECOND


def clock(seconds: float, offset_min: int | None = None, source: DateSource = DateSource.EXIF) -> Taken:
    return Taken(NOON + round(seconds * SECOND), source, offset_min)


def told(name: str, taken: Taken | None = None, **more: object) -> Kin:
    """What counts of a file in the one folder."""
    suffix = name.rpartition(".")[2].lower()
    kind = {"cr2": Kind.RAW, "dng": Kind.RAW, "mov": Kind.VIDEO, "mp4": Kind.VIDEO}.get(suffix, Kind.IMAGE)
    metadata = Metadata(suffix, kind, taken=taken, **more)  # type: ignore[arg-type]
    found = kin.of([FileRecord(DirId(1), name.encode(), 1, 1, 1, kind)], metadata)
    assert found is not None
    return found


def of_namesakes(*files: Kin) -> dict[tuple[bytes, bytes], StackKind]:
    group = {AssetId(number): (one, one.names[0][1]) for number, one in enumerate(files)}
    return {(files[tie.one].name, files[tie.other].name): tie.kind for tie in shots.of_namesakes(group)}


def kinds(*files: Kin) -> list[StackKind]:
    return list(of_namesakes(*files).values())


def test_raw_and_jpeg_of_a_base_name_are_one_shot_whether_they_know_their_time_or_not() -> None:
    assert kinds(told("I.CR2"), told("I.JPG")) == [StackKind.RAW]
    assert kinds(told("I.CR2", clock(0)), told("I.JPG", clock(1))) == [StackKind.RAW]


def test_raw_and_jpeg_of_another_time_are_two_shots() -> None:
    assert kinds(told("I.CR2", clock(0)), told("I.JPG", clock(3))) == []


def test_raw_and_jpeg_of_two_cameras_are_two_shots_where_no_clock_says_otherwise() -> None:
    assert kinds(told("I.CR2", camera="A"), told("I.JPG", camera="B")) == []
    assert kinds(told("I.CR2", clock(0), camera="A"), told("I.JPG", clock(0), camera="B")) == [StackKind.RAW]


@pytest.mark.parametrize("hours", [0, 2, 5.5, -8, 12.75])
def test_a_clock_of_another_zone_is_the_same_time(hours: float) -> None:
    here, there = told("I.CR2", clock(0)), told("I.JPG", clock(hours * 3600))
    assert kinds(here, there) == [StackKind.RAW]


def test_clocks_that_tell_their_zone_are_taken_at_their_word() -> None:
    assert kinds(told("I.CR2", clock(0, 0)), told("I.JPG", clock(7200, 120))) == [StackKind.RAW]
    assert kinds(told("I.CR2", clock(0, 0)), told("I.JPG", clock(7200, 0))) == []


def test_a_date_out_of_a_name_says_nothing() -> None:
    assert kinds(told("I.CR2", clock(0)), told("I.JPG", clock(90, source=DateSource.NAME))) == [StackKind.RAW]


def test_a_short_film_of_the_base_name_is_a_live_photo_and_a_long_one_is_none() -> None:
    assert kinds(told("I.HEIC"), told("I.MOV", duration_s=2.9)) == [StackKind.LIVE]
    assert kinds(told("I.HEIC"), told("I.MOV", duration_s=60.0)) == []
    assert kinds(told("I.HEIC"), told("I.MOV")) == []
    assert kinds(told("I.HEIC", clock(0)), told("I.MOV", clock(30), duration_s=2.9)) == []


def test_still_and_film_of_one_id_are_a_live_photo_whatever_else_they_say() -> None:
    assert kinds(told("I.HEIC", clock(0), live_id="x"), told("J.MOV", clock(99), live_id="x")) == [StackKind.LIVE]
    assert kinds(told("I.HEIC", live_id="x"), told("I.MOV", live_id="y", duration_s=2.0)) == []


def test_one_id_on_one_side_is_no_proof() -> None:
    one, other = told("I.HEIC", clock(0), live_id="x"), told("I.MOV", clock(1))
    assert kinds(one, other) == kinds(other, one) == []


def test_an_edited_copy_goes_with_its_original() -> None:
    assert kinds(told("I.JPG"), told("I-edited.JPG")) == [StackKind.EDITED]
    assert kinds(told("I.JPG", clock(0)), told("I-edited.JPG", clock(100))) == []


def test_a_loose_mark_needs_the_clocks() -> None:
    assert kinds(told("I.JPG"), told("I~2.JPG")) == []
    assert kinds(told("I.JPG", clock(0)), told("I~2.JPG", clock(0))) == [StackKind.EDITED]


def test_the_same_name_in_two_formats_needs_the_clocks() -> None:
    assert kinds(told("I.HEIC"), told("I.JPG")) == []
    assert kinds(told("I.HEIC", clock(0)), told("I.JPG", clock(0))) == [StackKind.FORMATS]
    assert kinds(told("I.CR2", clock(0)), told("I.DNG", clock(0))) == [StackKind.FORMATS]


def test_where_a_name_is_that_of_two_shots_only_what_the_clocks_confirm_counts() -> None:
    files = told("I.CR2", clock(0)), told("I.JPG", clock(0)), told("I.HEIC", clock(500)), told("I-edited.JPG")
    assert of_namesakes(*files) == {(b"I.CR2", b"I.JPG"): StackKind.RAW}


def test_too_many_of_a_name_are_no_shot() -> None:
    files = [told(f"I~{number}.JPG", clock(0)) for number in range(shots.NAMESAKES_MAX)]
    assert kinds(told("I.CR2", clock(0)), *files) == []
    assert kinds(told("I.CR2", clock(0)), *files[1:])


def of_series(taken_s: Iterable[float], names: Iterable[str] = ()) -> int:
    """How many photos of the series are tied to the next one."""
    seconds = list(taken_s)
    called = list(names) or [f"{number}.JPG" for number in range(len(seconds))]
    keys = []
    for number, (at, name) in enumerate(zip(seconds, called, strict=True)):
        found = told(name, clock(at), camera="A")
        keys.append((next(key for key in found.keys if key[0] == Bond.MOMENT), AssetId(number)))
    return len(list(shots.of_series(sorted(keys))))


def test_three_shots_without_a_rest_are_a_burst() -> None:
    assert of_series([0, 0.86, 1.72]) == 2
    assert of_series([0, 0.86]) == 0


def test_two_shots_are_a_burst_where_no_finger_is_that_quick() -> None:
    assert of_series([0, 0.046]) == 1
    assert of_series([0, 0.5]) == 1
    assert of_series([0, 0.51]) == 0


def test_the_files_of_one_shot_are_no_burst() -> None:
    assert of_series([0, 0, 0]) == 0  # copies, exported one by one
    assert of_series([0, 0.3], ["I.CR2", "I.JPG"]) == 0  # RAW files that know no fractions of a second
    assert of_series([0, 0, 0.9, 0.9], ["I.CR2", "I.JPG", "J.CR2", "J.JPG"]) == 0


def test_a_series_without_an_end_is_a_time_lapse() -> None:
    assert of_series(number / 2 for number in range(shots.MEMBERS_MAX)) == shots.MEMBERS_MAX - 1
    assert of_series(number / 2 for number in range(shots.MEMBERS_MAX + 1)) == 0


def test_moments_follow_each_other_within_a_series_only() -> None:
    def key(name: str, at: float, camera: str) -> bytes:
        return next(key for key in told(name, clock(at), camera=camera).keys if key[0] == Bond.MOMENT)

    assert shots.is_next(key("a", 0, "A"), key("b", 0.99, "A"))
    assert shots.is_next(key("b", 0.99, "A"), key("a", 0, "A"))
    assert not shots.is_next(key("a", 0, "A"), key("b", 1, "A"))
    assert not shots.is_next(key("a", 0, "A"), key("b", 0, "B"))


def test_files_of_one_burst_id_are_a_burst_but_not_those_of_one_shot() -> None:
    def ties(*files: Kin) -> int:
        return len(list(shots.of_burst({AssetId(number): one for number, one in enumerate(files)})))

    assert ties(told("I.JPG", burst_id="x"), told("J.JPG", burst_id="x")) == 1
    assert ties(told("I.JPG", burst_id="x"), told("I.CR2", burst_id="x")) == 0


@pytest.mark.parametrize("local_ns", [-(1 << 70), 1 << 70, 0, -1])
def test_any_date_makes_a_key(local_ns: int) -> None:
    found = told("I.JPG", Taken(local_ns, DateSource.EXIF), camera="A")
    _, moment_ns, _ = kin.moment(next(key for key in found.keys if key[0] == Bond.MOMENT))
    assert (moment_ns > 0) == (local_ns > 0)
    assert kinds(found, told("I.CR2", clock(0))) is not None
