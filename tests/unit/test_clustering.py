"""Who is who, by numbers alone: what binds, what moves, what stays, whatever order faces come in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photofsd.clustering import neighbours as near
from photofsd.clustering import weighing
from photofsd.clustering.forming import SMALLEST, Closeness, groups
from photofsd.clustering.joining import Middles, joined
from photofsd.clustering.regrouping import Outcome, regrouped
from photofsd.clustering.votes import Known
from photofsd.clustering.weighing import Weight, weighed

DIMENSION = 128
ALICE, BOB, UNKNOWN, OTHER = 1, 2, 3, 4
CLOSE = Closeness()

Numbers = npt.NDArray[np.int64]


def unit(vectors: npt.NDArray[np.float64]) -> near.Vectors:
    return near.unit(vectors)


def directions(count: int, seed: int = 1) -> near.Vectors:
    """Vectors of length 1 that have nothing in common."""
    return unit(np.linalg.qr(np.random.default_rng(seed).standard_normal((DIMENSION, DIMENSION)))[0][:count])


def around(centre: near.Vectors, count: int, spread: float = 0.6, seed: int = 2) -> near.Vectors:
    """Faces of one person: two of them have a cosine of about 1 / (1 + spread ** 2)."""
    noise = unit(np.random.default_rng(seed).standard_normal((count, DIMENSION)))
    return unit(centre + spread * noise)


def faces(
    rows: near.Vectors,
    people: list[int] | None = None,
    *,
    photos: list[int] | None = None,
    held: list[int] | None = None,
    by_file: list[int] | None = None,
    said: tuple[int, ...] = (ALICE, BOB),
    bars: dict[int, float] | None = None,
) -> Known:
    """What is known of faces. held, by_file: their places; said: the people who are said to be such."""
    whose = np.array(people or [0] * len(rows), np.int64)
    is_held, is_by_file = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_)
    is_held[[*(held or []), *(by_file or [])]] = True
    is_by_file[by_file or []] = True
    bar = np.full(len(rows), -1, np.float32)
    for face, cosine in (bars or {}).items():
        bar[face] = cosine
    return Known(
        rows=rows.astype(np.float16),
        photos=np.array(photos if photos is not None else range(len(rows)), np.int64),
        people=whose,
        held=is_held,
        by_file=is_by_file,
        is_said=np.isin(whose, said) | is_held,
        bars=bar,
    )


def settled(outcome: Outcome) -> list[int]:
    """Whose the faces are as the store would have it: those who are new have ids of their own."""
    return np.where(outcome.people < 0, 100 - outcome.people, outcome.people).tolist()


def parts(people: list[int] | Numbers) -> set[frozenset[int]]:
    """Which faces are together."""
    whose = np.array(people)
    return {frozenset(np.flatnonzero(whose == person).tolist()) for person in set(whose.tolist()) - {0}}


# ---- Neighbours


def test_every_face_finds_those_that_are_nearest() -> None:
    rows = np.concatenate([around(centre, 30, seed=i) for i, centre in enumerate(directions(5))])
    found = near.neighbours(rows, 10, 0.3)
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -1)
    for face, (places, own) in enumerate(zip(found.places, cosines, strict=True)):
        truly = np.argsort(-own)[:10]
        assert set(places[places >= 0].tolist()) == set(truly[own[truly] > 0.3].tolist()), face


def test_blocks_of_any_size_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.concatenate([around(centre, 30, seed=i) for i, centre in enumerate(directions(5))])
    whole = np.sort(near.neighbours(rows, 10, 0.3).places, axis=1)
    monkeypatch.setattr(near, "QUERIES", 7)
    monkeypatch.setattr(near, "ROWS", 11)
    assert np.array_equal(np.sort(near.neighbours(rows, 10, 0.3).places, axis=1), whole)


def test_cells_find_nearly_all_that_comparing_all_finds() -> None:
    rows = np.concatenate([around(centre, 60, seed=i) for i, centre in enumerate(directions(40))])
    exact, quick = near.neighbours(rows, 10, 0.35), near.neighbours(rows, 10, 0.35, exact_max=0)
    hits = [np.isin(one[one >= 0], other).mean() for one, other in zip(exact.places, quick.places, strict=True)]
    assert np.mean(hits) > 0.99


def test_a_row_of_zeros_is_near_to_nobody() -> None:
    rows = np.concatenate((around(directions(1)[0], 5), np.zeros((2, DIMENSION), np.float32)))
    assert not np.isin(near.neighbours(rows, 3, 0.3).places[5:], range(7)).any()


# ---- Groups


def test_people_who_look_different_are_groups_of_their_own() -> None:
    rows = np.concatenate([around(centre, 12, seed=i) for i, centre in enumerate(directions(4))])
    people = regrouped(faces(rows), CLOSE).people
    assert parts(people) == {frozenset(range(start, start + 12)) for start in range(0, 48, 12)}


def test_two_faces_are_too_few_for_somebody_new() -> None:
    rows = np.concatenate((around(directions(2)[0], SMALLEST), around(directions(2)[1], SMALLEST - 1)))
    assert parts(regrouped(faces(rows), CLOSE).people) == {frozenset(range(SMALLEST))}


@pytest.mark.parametrize("count, dimension", [(6, 512), (30, 512), (300, 512), (2000, 256)])
def test_faces_that_are_a_little_like_each_other_are_nobody(count: int, dimension: int) -> None:
    """As blurred faces are, and a drawing that is like all of them."""
    rng = np.random.default_rng(4)
    hub = unit(rng.standard_normal(dimension))
    blurred = unit(hub + 1.35 * unit(rng.standard_normal((count, dimension))))
    assert not regrouped(faces(np.concatenate((hub[None], blurred))), CLOSE).people.any()


def test_two_ages_of_one_person_are_one_group_and_two_people_of_one_photo_are_not() -> None:
    young, old = unit(directions(2)[0] + 0.75 * directions(2)[1]), unit(directions(2)[0] - 0.0 * directions(2)[1])
    rows = np.concatenate((around(young, 30, 0.8, seed=3), around(old, 30, 0.8, seed=4)))
    apart = list(range(60))
    assert len(parts(regrouped(faces(rows, photos=apart), CLOSE).people)) == 1
    together = [*range(30), *range(30)]
    assert all(len(part) <= 30 for part in parts(regrouped(faces(rows, photos=together), CLOSE).people))


def test_two_who_look_alike_and_are_in_photos_together_keep_all_of_their_faces() -> None:
    sibling = unit(0.66 * directions(2)[0] + 0.75 * directions(2)[1])
    rows = np.concatenate((around(directions(2)[0], 30, seed=3), around(sibling, 30, seed=4)))
    assert len(parts(regrouped(faces(rows), CLOSE).people)) == 1
    photos = [*range(30), *range(27, 57)]
    assert sorted(map(len, parts(regrouped(faces(rows, photos=photos), CLOSE).people))) == [30, 30]


def test_groups_of_two_of_the_users_people_are_not_merged() -> None:
    rows = np.concatenate((around(directions(1)[0], 30, 0.9, seed=3), around(directions(1)[0], 30, 0.9, seed=4)))
    said = np.array([ALICE] * 30 + [BOB] * 30, np.int64)
    assert len(set(groups(rows, np.arange(60), np.zeros(60, np.int64), CLOSE).tolist()) - {-1}) == 1
    outcome = regrouped(faces(rows, said.tolist()), CLOSE)
    assert outcome.people.tolist() == said.tolist()


# ---- Votes


@pytest.fixture
def one() -> near.Vectors:
    """Forty faces of one person."""
    return around(directions(1)[0], 40)


def test_somebody_unknown_stays_who_they_are_when_faces_come(one: near.Vectors) -> None:
    assert regrouped(faces(one, [UNKNOWN] * 25 + [0] * 15), CLOSE).people.tolist() == [UNKNOWN] * 40


def test_of_two_who_are_one_the_larger_stays(one: near.Vectors) -> None:
    assert regrouped(faces(one, [UNKNOWN] * 25 + [OTHER] * 15), CLOSE).people.tolist() == [UNKNOWN] * 40


def test_a_name_wins_over_somebody_unknown_with_more_faces(one: near.Vectors) -> None:
    assert regrouped(faces(one, [UNKNOWN] * 30 + [ALICE] * 10), CLOSE).people.tolist() == [ALICE] * 40


def test_a_name_with_next_to_no_face_in_a_group_does_not_take_it(one: near.Vectors) -> None:
    assert set(regrouped(faces(one, [UNKNOWN] * 38 + [ALICE] * 2), CLOSE).people.tolist()) == {UNKNOWN}


def test_what_was_put_together_by_mistake_is_parted_and_the_larger_part_stays() -> None:
    rows = np.concatenate((around(directions(2)[0], 30), around(directions(2)[1], 20)))
    people = regrouped(faces(rows, [UNKNOWN] * 50), CLOSE).people
    assert people.tolist() == [UNKNOWN] * 30 + [-1] * 20


def test_a_person_with_a_name_has_several_groups() -> None:
    rows = np.concatenate((around(directions(2)[0], 30), around(directions(2)[1], 20)))
    assert regrouped(faces(rows, [ALICE] * 50), CLOSE).people.tolist() == [ALICE] * 50


def test_two_of_the_users_people_in_one_group_keep_their_faces_and_share_the_others_by_likeness() -> None:
    twins = np.concatenate((around(directions(1)[0], 20, 0.4, seed=3), around(directions(1)[0], 20, 0.4, seed=4)))
    twins = unit(twins + np.repeat([[0.25], [-0.25]], 20, axis=0) * directions(2)[1])
    whose = [ALICE] * 10 + [0] * 10 + [BOB] * 10 + [0] * 10
    people = regrouped(faces(twins, whose), CLOSE).people
    assert people[:10].tolist() == [ALICE] * 10
    assert people[20:30].tolist() == [BOB] * 10
    assert BOB not in people[10:20].tolist()
    assert ALICE not in people[30:].tolist()
    assert people.tolist().count(ALICE) > 10


def test_a_face_that_a_file_names_takes_the_group_of_somebody_unknown(one: near.Vectors) -> None:
    assert regrouped(faces(one, [UNKNOWN] * 39 + [ALICE], by_file=[39]), CLOSE).people.tolist() == [ALICE] * 40


def test_a_face_that_was_moved_by_hand_takes_nobody_along(one: near.Vectors) -> None:
    people = regrouped(faces(one, [UNKNOWN] * 39 + [ALICE], held=[39]), CLOSE).people
    assert people.tolist() == [UNKNOWN] * 39 + [ALICE]


def test_a_split_by_hand_stays_split(one: near.Vectors) -> None:
    """The twin has faces by hand, and some that joined by themselves since."""
    whose = [ALICE] * 36 + [BOB] * 4
    assert regrouped(faces(one, whose, held=[39]), CLOSE).people.tolist() == whose


def test_a_face_in_no_group_stays_with_the_users_people_and_leaves_the_others() -> None:
    rows = np.concatenate((around(directions(3)[0], 20), directions(3)[1:2], around(directions(3)[2], 20)))
    rows = np.concatenate((rows, unit(np.random.default_rng(9).standard_normal((1, DIMENSION)))))
    people = regrouped(faces(rows, [ALICE] * 21 + [UNKNOWN] * 21), CLOSE).people
    assert (people[20], people[41]) == (ALICE, 0)


# ---- Refusals and joining


def test_a_refused_face_goes_to_nobody_who_is_no_closer_than_whom_the_user_refused(one: near.Vectors) -> None:
    middle = unit(one.sum(axis=0))
    cosine = float(one[39] @ middle)
    known = faces(one, [ALICE] * 39 + [0], bars={39: cosine + 0.05})
    assert regrouped(known, CLOSE).people.tolist() == [ALICE] * 39 + [0]
    known = faces(one, [ALICE] * 39 + [0], bars={39: cosine - 0.1})
    assert regrouped(known, CLOSE).people[39] == ALICE


def test_a_new_face_joins_whom_it_is_clearly_closest_to() -> None:
    rows = np.concatenate((around(directions(3)[0], 10), around(directions(3)[1], 10, seed=3)))
    alice, bob = unit(rows[:10].sum(axis=0)), unit(rows[10:].sum(axis=0))
    rows = np.concatenate((rows, [alice, unit(alice + bob), unit(0.39 * alice + 0.92 * directions(3)[2])]))
    known = faces(rows, [ALICE] * 10 + [BOB] * 10 + [0] * 3)
    waiting = np.arange(20, 23)
    joins, nearly = joined(known, waiting, known.people, Middles.of(known.rows, known.people), CLOSE)
    assert joins.tolist() == [ALICE, 0, 0]
    assert nearly.tolist() == [0, 0, ALICE]


def test_of_two_faces_of_a_photo_the_closer_one_joins_and_none_where_one_is_there() -> None:
    centre = directions(1)[0]
    rows = np.concatenate((around(centre, 10), around(centre, 3, 0.1, seed=5), around(centre, 1, 0.7, seed=6)))
    known = faces(rows, [ALICE] * 10 + [0] * 4, photos=[*range(10), 0, 11, 12, 11])
    waiting = np.arange(10, 14)
    joins, _ = joined(known, waiting, known.people, Middles.of(known.rows, known.people), CLOSE)
    assert joins.tolist() == [0, ALICE, ALICE, 0]


def test_of_two_faces_of_a_photo_the_closer_one_is_suggested_and_none_where_one_is_there() -> None:
    alice, other, third, fourth = directions(4)
    near = [unit(share * alice + unlike) for share, unlike in ((0.42, other), (0.45, third), (0.42, fourth))]
    known = faces(
        np.concatenate((around(alice, 10, 0.1), near)), [ALICE] * 10 + [0] * 3, photos=[*range(10), 11, 11, 0]
    )
    joins, nearly = joined(known, np.arange(10, 13), known.people, Middles.of(known.rows, known.people), CLOSE)
    assert (joins.tolist(), nearly.tolist()) == ([0, 0, 0], [0, ALICE, 0])


def test_somebody_with_two_faces_is_joined_by_those_alone_who_are_very_close() -> None:
    centre, other = directions(2)
    close, fair = unit(0.7 * centre + 0.714 * other), unit(0.5 * centre + 0.866 * directions(3)[2])
    known = faces(np.stack((centre, centre, close, fair)), [ALICE, ALICE, 0, 0])
    looks = Middles.of(known.rows, known.people)
    joins, nearly = joined(known, np.array([2, 3]), known.people, looks, CLOSE)
    assert (joins.tolist(), nearly.tolist()) == ([ALICE, 0], [0, ALICE])


def test_nobody_is_there_to_be_joined() -> None:
    known = faces(around(directions(1)[0], 2))
    joins, nearly = joined(known, np.arange(2), known.people, Middles.of(known.rows, known.people), CLOSE)
    assert not joins.any()
    assert not nearly.any()


def test_many_faces_of_one_person_have_several_middles() -> None:
    rows = np.concatenate((around(directions(2)[0], 100), around(directions(2)[1], 100)))
    looks = Middles.of(rows, np.full(200, ALICE))
    assert len(looks.people) > 1
    assert (directions(2) @ looks.centres.T).max(axis=1).min() > 0.8


# ---- Properties


@st.composite
def libraries(draw: st.DrawFn) -> Known:
    """Faces of a few people and of strangers in photos of several, some said, held, named by files, refused."""
    seed = draw(st.integers(0, 10_000))
    sizes = draw(st.lists(st.integers(1, 40), min_size=1, max_size=5))
    strangers = draw(st.integers(0, 10))
    spread = draw(st.sampled_from([0.5, 0.8, 1.0]))
    rng = np.random.default_rng(seed)
    centres = unit(rng.standard_normal((len(sizes), DIMENSION)) + 0.5 * rng.standard_normal(DIMENSION))
    own = [around(centre, size, spread, seed + i) for i, (centre, size) in enumerate(zip(centres, sizes, strict=True))]
    rows = np.concatenate((*own, unit(rng.standard_normal((strangers, DIMENSION)))))
    size = len(rows)
    photos = rng.integers(0, draw(st.integers(1, 2 * size)), size).tolist()
    whose = np.where(rng.random(size) < draw(st.sampled_from([0, 0.5, 1])), rng.integers(0, 5, size), 0)
    met: set[tuple[int, int]] = set()
    for face, photo in enumerate(photos):
        if (photo, whose[face]) in met:
            whose[face] = 0
        met.add((photo, int(whose[face])))
    theirs = np.flatnonzero(whose)
    held = [face for face in theirs.tolist() if rng.random() < 0.1]
    by_file = [face for face in theirs.tolist() if rng.random() < 0.05 and face not in held]
    bars = {face: float(rng.random()) for face in range(size) if rng.random() < 0.1}
    return faces(rows, whose.tolist(), photos=photos, held=held, by_file=by_file, bars=bars)


def again(known: Known, outcome: Outcome) -> Known:
    """What is known after the outcome has come into the store."""
    whose = np.array(settled(outcome), np.int64)
    said = np.unique(known.people[known.is_said])
    return Known(known.rows, known.photos, whose, known.held, known.by_file, np.isin(whose, said[said > 0]), known.bars)


@given(libraries())
@settings(max_examples=25, deadline=None)
def test_whatever_there_is_what_binds_binds(known: Known) -> None:
    outcome = regrouped(known, CLOSE)
    people = outcome.people
    assert (people[known.held] == known.people[known.held]).all()
    pairs = [(photo, person) for photo, person in zip(known.photos.tolist(), people.tolist(), strict=True) if person]
    assert len(pairs) == len(set(pairs))
    new = people[people < 0]
    assert all(np.count_nonzero(people == person) >= SMALLEST for person in set(new.tolist()))
    assert not (outcome.suggested[people != 0]).any()
    nearly = [(photo, person) for photo, person in zip(known.photos, outcome.suggested, strict=True) if person]
    assert len({*nearly, *pairs}) == len(nearly) + len(pairs)
    assert set(people[people > 0].tolist()) <= set(known.people.tolist())


@given(libraries())
@settings(max_examples=25, deadline=None)
def test_passing_again_moves_nobody(known: Known) -> None:
    nobody = np.zeros(len(known.rows), np.bool_)
    known = Known(known.rows, known.photos, np.zeros(len(known.rows), np.int64), nobody, nobody, nobody, known.bars)
    known = again(known, regrouped(known, CLOSE))
    assert settled(regrouped(known, CLOSE)) == known.people.tolist()


@given(libraries())
@settings(max_examples=25, deadline=None)
def test_whatever_was_said_of_whom_it_settles(known: Known) -> None:
    for _ in range(10):
        before, known = known, again(known, regrouped(known, CLOSE))
    assert before.people.tolist() == known.people.tolist()


@given(st.integers(0, 1000), st.lists(st.integers(3, 30), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None)
def test_in_whatever_order_faces_come_the_same_people_are_found(seed: int, sizes: list[int]) -> None:
    rng = np.random.default_rng(seed)
    own = [around(c, size, 0.4, seed + i) for i, (c, size) in enumerate(zip(directions(6), sizes, strict=False))]
    rows, truth = np.concatenate(own), np.repeat(np.arange(len(sizes)) + 1, sizes)
    order = rng.permutation(len(rows))
    people = regrouped(faces(rows[order]), CLOSE).people
    assert parts(people) == parts(truth[order])


def weigh(people: list[near.Vectors], *, named: int | None = None) -> Weight:
    """What the faces of people 1, 2, ... say of a model; the first `named` of them have a name."""
    known = faces(np.concatenate(people), [who for who, rows in enumerate(people, 1) for _ in rows])
    return weighed(known, known.people <= (named or len(people)), CLOSE.join)


def crowd(count: int, *, shift: float = 0.0, spread: float = 0.6, size: int = 8) -> list[near.Vectors]:
    """Faces of people. shift: how much all have in common."""
    basis = directions(count + 1)
    return [unit(around(basis[who], size, spread, seed=10 + who) + shift * basis[count]) for who in range(count)]


def test_a_model_is_weighed_by_whether_faces_are_like_their_own_person_and_nobody_else() -> None:
    assert weigh(crowd(6)) == Weight(6, 48, 1.0, 0.0, 1.0)
    alike, unlike = weigh(crowd(6, shift=1.2)), weigh(crowd(6, spread=6.0))
    assert (alike.own, alike.others, alike.told, alike.is_enough) == (1.0, 1.0, 0.0, False)
    assert (unlike.others, unlike.told, unlike.is_enough) == (0.0, 0.0, False)


def test_twins_and_a_person_who_is_mixed_up_do_not_make_a_model_bad() -> None:
    people = crowd(6)
    twins = [unit(people[0] + 2 * people[1]), unit(people[1] + 2 * people[0])]
    assert weigh([*twins, *people[2:]]).told == 1.0
    mixed = np.concatenate([rows[:2] for rows in people])
    assert weigh([*people, mixed]).is_enough
    all_mixed = [np.concatenate([people[(who + k) % 6][2 * k : 2 * k + 2] for k in range(4)]) for who in range(6)]
    assert not weigh(all_mixed).is_enough


@pytest.mark.parametrize("shift", [0.0, 1.2])
def test_where_less_than_two_have_a_name_and_three_faces_nothing_is_said_of_the_model(shift: float) -> None:
    nothing = Weight()
    assert nothing.is_enough
    people = crowd(4, shift=shift)
    assert weigh(people, named=1) == nothing
    assert weigh([people[0], *(rows[:2] for rows in people[1:])]) == nothing
    assert weigh(people, named=2).people == 2
    assert weighed(faces(np.zeros((0, DIMENSION))), np.zeros(0, np.bool_), CLOSE.join) == nothing


def test_of_many_faces_and_people_some_are_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighing, "FACES_MAX", 20)
    monkeypatch.setattr(weighing, "PEOPLE_MAX", 4)
    found = weigh([rows[: 9 - who] for who, rows in enumerate(crowd(6, size=9))])
    assert (found.people, found.faces, found.told) == (4, 20, 1.0)
