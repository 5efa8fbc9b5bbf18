"""Cameras as their files name them, with the lenses that fit and the names they give to files."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Lens:
    """focal_mm: shortest and longest; f_number: the widest aperture."""

    name: str
    focal_mm: tuple[float, float]
    f_number: float


@dataclasses.dataclass(frozen=True)
class Camera:
    """names: pattern of a file's name with `number` and `taken`; size: pixels of our drawings, lying."""

    make: str
    model: str
    names: str
    size: tuple[int, int]
    lenses: tuple[Lens, ...] = ()
    software: str | None = None


CAMERAS = {
    "R6": Camera(
        "Canon",
        "Canon EOS R6",
        "IMG_{number:04}.JPG",
        (660, 440),
        (
            Lens("RF24-105mm F4 L IS USM", (24, 105), 4.0),
            Lens("RF85mm F2 MACRO IS STM", (85, 85), 2.0),
            Lens("RF35mm F1.8 MACRO IS STM", (35, 35), 1.8),
        ),
    ),
    "D750": Camera(
        "NIKON CORPORATION",
        "NIKON D750",
        "DSC_{number:04}.JPG",
        (660, 440),
        (Lens("24.0-70.0 mm f/2.8", (24, 70), 2.8), Lens("14.0-24.0 mm f/2.8", (14, 24), 2.8)),
        "Ver.1.15",
    ),
    "A7": Camera(
        "SONY",
        "ILCE-7M3",
        "DSC{number:05}.JPG",
        (660, 440),
        (Lens("FE 28-70mm F3.5-5.6 OSS", (28, 70), 3.5), Lens("FE 70-200mm F4 G OSS", (70, 200), 4.0)),
    ),
    "XT30": Camera(
        "FUJIFILM",
        "X-T30",
        "DSCF{number:04}.JPG",
        (660, 440),
        (Lens("XF18-55mmF2.8-4 R LM OIS", (18, 55), 2.8),),
        "Digital Camera X-T30 Ver1.51",
    ),
    "TZ": Camera("Panasonic", "DMC-TZ70", "P{number:07}.JPG", (600, 450)),
    "Ixus": Camera("Canon", "Canon DIGITAL IXUS 70", "IMG_{number:04}.JPG", (600, 450)),
    "iPhone": Camera(
        "Apple",
        "iPhone 13 Pro",
        "IMG_{number:04}.HEIC",
        (600, 450),
        (
            Lens("iPhone 13 Pro back triple camera 5.7mm f/1.5", (5.7, 5.7), 1.5),
            Lens("iPhone 13 Pro back triple camera 9mm f/2.8", (9, 9), 2.8),
        ),
        "17.1.2",
    ),
    "Pixel": Camera(
        "Google",
        "Pixel 7",
        "PXL_{taken:%Y%m%d_%H%M%S}{milliseconds:03}.jpg",
        (600, 450),
        (Lens("Pixel 7 back camera 6.81mm f/1.85", (6.81, 6.81), 1.85),),
        "HDR+ 1.0.540104767zd",
    ),
    "Galaxy": Camera("samsung", "SM-G991B", "{taken:%Y%m%d_%H%M%S}.jpg", (600, 450), software="G991BXXU5CVGB"),
    "Scanner": Camera("EPSON", "Perfection V600", "scan{number:04}.tif", (560, 400), software="EPSON Scan"),
}
