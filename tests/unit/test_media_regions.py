"""Faces that are marked in a picture, where they are once it is upright."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.media.regions import MOST_REGIONS, Marked, upright
from photofsd.media.xmp import read_xmp
from photofsd.records import Region

HEAD = (
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    "<rdf:Description xmlns:rs='http://www.metadataworkinggroup.com/schemas/regions/' "
    "xmlns:area='http://ns.adobe.com/xmp/sType/Area#' xmlns:dim='http://ns.adobe.com/xap/1.0/sType/Dimensions#' "
    "xmlns:MP='http://ns.microsoft.com/photo/1.2/' xmlns:info='http://ns.microsoft.com/photo/1.2/t/RegionInfo#' "
    "xmlns:reg='http://ns.microsoft.com/photo/1.2/t/Region#'>"
)
TAIL = "</rdf:Description></rdf:RDF></x:xmpmeta>"
DIMENSIONS = "<rs:AppliedToDimensions dim:w='4000' dim:h='3000' dim:unit='pixel'/>"
ANA = "area:x='0.25' area:y='0.5' area:w='0.1' area:h='0.2'"
MICROSOFT = (
    "<MP:RegionInfo rdf:parseType='Resource'><info:Regions><rdf:Bag>"
    "<rdf:li reg:PersonDisplayName='Ana' reg:Rectangle='0.2, 0.4, 0.1, 0.2'/></rdf:Bag></info:Regions></MP:RegionInfo>"
)
FACE = Marked(0.25, 0.5, 0.1, 0.2, "Ana", (4000.0, 3000.0))


def faces(body: str) -> tuple[Marked, ...]:
    return read_xmp((HEAD + body + TAIL).encode(), dt.UTC).faces or ()


def mwg(items: str, dimensions: str = DIMENSIONS) -> tuple[Marked, ...]:
    region_list = f"<rs:RegionList><rdf:Bag>{items}</rdf:Bag></rs:RegionList>"
    return faces(f"<rs:Regions rdf:parseType='Resource'>{dimensions}{region_list}</rs:Regions>")


def item(area: str = ANA, kind: str = "Face", unit: str = "normalized") -> str:
    attributes = f"rs:Name='Ana' rs:Type='{kind}'"
    return f"<rdf:li><rdf:Description {attributes}><rs:Area {area} area:unit='{unit}'/></rdf:Description></rdf:li>"


def test_an_area_may_be_attributes_elements_or_a_description() -> None:
    as_elements = (
        "<rdf:li rdf:parseType='Resource'><rs:Area rdf:parseType='Resource'><area:x>0.25</area:x><area:y>0.5</area:y>"
        "<area:w>0.1</area:w><area:h>0.2</area:h></rs:Area><rs:Name>Ana</rs:Name></rdf:li>"
    )
    right_there = f"<rdf:li rs:Name='Ana' rs:Type='Face' rdf:parseType='Resource'><rs:Area {ANA}/></rdf:li>"
    described = f"<rdf:li rs:Name='Ana'><rs:Area><rdf:Description {ANA}/></rs:Area></rdf:li>"
    for written in (item(), as_elements, right_there, described):
        assert mwg(written) == (FACE,)


def test_pixels_are_fractions_of_the_dimensions() -> None:
    pixels = item("area:x='1000' area:y='1500' area:w='400' area:h='600'", unit="pixel")
    assert mwg(pixels) == (FACE,)
    assert mwg(pixels, "") == ()


def test_only_faces_are_faces() -> None:
    assert [len(mwg(item(kind=kind))) for kind in ("Face", "", "Pet", "Focus", "BarCode")] == [1, 1, 0, 0, 0]


def test_microsofts_rectangle_counts_where_there_is_no_other() -> None:
    assert faces(MICROSOFT) == (Marked(pytest.approx(0.25), pytest.approx(0.5), 0.1, 0.2, "Ana"),)
    both = f"<rs:Regions><rdf:Description><rs:RegionList><rdf:Bag>{item()}</rdf:Bag></rs:RegionList></rdf:Description>"
    assert faces(MICROSOFT + both + "</rs:Regions>") == (FACE._replace(of=None),)


@pytest.mark.parametrize("area", ["", "area:x='a' area:y='0.5' area:w='0.1' area:h='0.2'", "area:x='0.5' area:y='0.5'",
                                  "area:x='nan' area:y='0.5' area:w='0.1' area:h='0.2'"])  # fmt: skip
def test_what_is_no_area_marks_nothing(area: str) -> None:
    assert mwg(item(area)) == ()


def test_a_crowd_has_an_end() -> None:
    assert len(mwg(item() * (MOST_REGIONS + 5))) == MOST_REGIONS


@pytest.mark.parametrize(
    "orientation, left, top, width, height",
    [
        (1, 0.2, 0.4, 0.1, 0.2),
        (2, 0.7, 0.4, 0.1, 0.2),
        (3, 0.7, 0.4, 0.1, 0.2),
        (4, 0.2, 0.4, 0.1, 0.2),
        (5, 0.4, 0.2, 0.2, 0.1),
        (6, 0.4, 0.2, 0.2, 0.1),
        (7, 0.4, 0.7, 0.2, 0.1),
        (8, 0.4, 0.7, 0.2, 0.1),
    ],
)
def test_an_area_of_the_stored_picture_turns_with_it(
    orientation: int, left: float, top: float, width: float, height: float
) -> None:
    assert upright([FACE], 4000, 3000, orientation) == (Region(left, top, width, height, "Ana"),)


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_an_area_of_the_upright_picture_stays_where_it_is(orientation: int) -> None:
    assert upright([FACE], 3000, 4000, orientation) == (Region(0.2, 0.4, 0.1, 0.2, "Ana"),)


def test_where_nobody_says_which_it_is_of_the_stored_picture() -> None:
    turned = (Region(0.4, 0.2, 0.2, 0.1, "Ana"),)
    assert upright([FACE._replace(of=None)], 3000, 4000, 6) == turned
    assert upright([FACE], None, None, 6) == turned
    assert upright([FACE], 3000, 3000, 6) == turned


def test_what_lies_beside_the_picture_is_cut_or_left_out() -> None:
    half = Marked(0.0, 0.5, 0.2, 0.2, None)
    outside = Marked(1.5, 0.5, 0.2, 0.2, None)
    assert upright([half, outside], 4000, 3000, 1) == (Region(0.0, 0.4, 0.1, 0.2),)


NUMBERS = st.floats(-10, 10)


@given(st.builds(Marked, NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.none()), st.integers(1, 8))
def test_regions_lie_within_the_picture(face: Marked, orientation: int) -> None:
    for region in upright([face], 4000, 3000, orientation):
        assert 0 <= region.left <= region.left + region.width <= 1 + 1e-5
        assert 0 <= region.top <= region.top + region.height <= 1 + 1e-5
        assert region.width > 0
        assert region.height > 0
