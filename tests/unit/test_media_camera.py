"""Names of cameras and lenses as people say them."""

from __future__ import annotations

import pytest

from photofsd.media.camera import camera_name, lens_name


@pytest.mark.parametrize(
    "make, model, name",
    [
        ("Canon", "Canon EOS 7D", "Canon EOS 7D"),
        ("Canon", "EOS R5", "Canon EOS R5"),
        ("NIKON CORPORATION", "NIKON D70", "Nikon D70"),
        ("NIKON", "COOLPIX P6000", "Nikon COOLPIX P6000"),
        ("SONY", "ILCE-7CM2", "Sony ILCE-7CM2"),
        ("OLYMPUS IMAGING CORP.", "u1020,S1020", "Olympus u1020,S1020"),
        ("OLYMPUS OPTICAL CO.,LTD", "C2020Z", "Olympus C2020Z"),
        ("PENTAX Corporation", "PENTAX *ist DL", "Pentax *ist DL"),
        ("RICOH IMAGING COMPANY, LTD.", "PENTAX K-3", "Pentax K-3"),
        ("Eastman Kodak Company", "Kodak DC120 ZOOM Digital Camera", "Kodak DC120 ZOOM Digital Camera"),
        ("Konica Minolta Camera, Inc.", "DiMAGE A2", "Konica Minolta DiMAGE A2"),
        ("FUJI PHOTO FILM CO., LTD.", "FinePixS1Pro", "Fujifilm FinePixS1Pro"),
        ("Leica Camera AG", "LEICA Q2", "Leica Q2"),
        ("motorola", "moto g(9) plus", "motorola moto g(9) plus"),
        ("Apple", "iPhone SE", "Apple iPhone SE"),
        ("samsung", "SM-G900F", "Samsung SM-G900F"),
        ("Hewlett-Packard", "HP PhotoSmart C945", "HP PhotoSmart C945"),
        ("Jolla", "Jolla", "Jolla"),
        ("Acme Cameras Inc.", "X1", "Acme X1"),
        ("Corp.", "X1", "Corp. X1"),
        ("Canon", None, "Canon"),
        (None, "Canon EOS 7D", "Canon EOS 7D"),
        (None, None, None),
    ],
)
def test_brand_is_said_once(make: str | None, model: str | None, name: str | None) -> None:
    assert camera_name(make, model) == name


@pytest.mark.parametrize("lens", [None, "----", "0.0 mm f/0.0", "61182", "Unknown (137)", "n/a", "0 mm", "- -"])
def test_lens_that_the_camera_does_not_know_is_none(lens: str | None) -> None:
    assert lens_name(lens) is None


@pytest.mark.parametrize(
    "lens", ["EF85mm f/1.2L USM", "18.0-55.0 mm", "10-20mm F4-5.6", "iPhone SE back camera 4.15mm f/2.2"]
)
def test_lens_keeps_its_name(lens: str) -> None:
    assert lens_name(lens) == lens
