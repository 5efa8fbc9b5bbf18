"""Which copy is the best."""

from __future__ import annotations

import itertools

import pytest

from photofsd.index.quality import best_first, quality
from photofsd.records import AssetRecord, Look, Metadata, Taken
from photofsd.types import AssetId, DateSource, Kind

SHOT = Taken(10**18, DateSource.EXIF)


def copy(
    pixels: tuple[int, int] = (4000, 3000),
    size: int = 1000,
    kind: Kind = Kind.IMAGE,
    mtime_ns: int = 10**18,
    **metadata: object,
) -> bytes:
    known = Metadata(**{"format": "jpeg", "kind": kind, **metadata}) if metadata or kind is Kind.RAW else None  # type: ignore[arg-type]
    record = AssetRecord(bytes(32), size, b"a", kind, file_mtime_ns=mtime_ns)
    return quality(record, Look(*pixels, 0, 50.0, (), 0, 0), known)


@pytest.mark.parametrize(
    "ranking",
    [
        pytest.param([copy((4000, 3000), size=1), copy((2000, 1500), format="tiff", size=9)], id="pixels"),
        pytest.param(
            [
                copy(kind=Kind.RAW),
                copy(format="tiff"),
                copy(format="heic"),
                copy(format="webp", size=9999),
                copy(format="gif", size=9999),
            ],
            id="format",
        ),
        pytest.param([copy(size=2000), copy(size=1000, format="jpeg", camera="X", taken=SHOT)], id="bytes"),
        pytest.param(
            [
                copy(format="jpeg", camera="X", taken=SHOT),
                copy(format="jpeg", camera="X"),
                copy(format="jpeg", taken=SHOT),
                copy(format="jpeg", taken=Taken(5, DateSource.MTIME)),
            ],
            id="origin",
        ),
        pytest.param([copy(mtime_ns=-5), copy(mtime_ns=5), copy(mtime_ns=6)], id="age"),
        pytest.param([copy((1 << 31, 1 << 31), mtime_ns=1 << 70), copy((1, 1), mtime_ns=-(1 << 70))], id="absurd"),
    ],
)
def test_the_better_copy_compares_as_more(ranking: list[bytes]) -> None:
    for better, worse in itertools.pairwise(ranking):
        assert better > worse


def test_of_equally_good_copies_the_one_with_the_smaller_id_is_first() -> None:
    entries = [(AssetId(9), b"b"), (AssetId(7), b"a"), (AssetId(3), b"b"), (AssetId(8), b"c")]
    assert [asset for asset, _ in best_first(entries)] == [8, 3, 9, 7]
