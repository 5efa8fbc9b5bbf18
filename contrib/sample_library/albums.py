"""The folders of the library: what was photographed where, when and with what."""

from __future__ import annotations

import dataclasses
import datetime as dt

from contrib.sample_library.shot import Keep


@dataclasses.dataclass(frozen=True)
class Album:
    """A folder of photos.

    names:    pattern of file names; None = as the camera names them. first: the number that it starts at.
    endings:  further endings, dealt out over the photos; "JPG" and the like replace the camera's own.
    dated:    the share of photos that say when they were taken. tagged, rated: the shares with words.
    keep:     where keywords and ratings go. upright: the share of photos taken with the camera turned.
    """

    folder: str
    count: int
    scenes: tuple[str, ...]
    start: dt.date
    days: int = 1
    cameras: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    names: str | None = None
    first: int = 1
    endings: tuple[str, ...] = ()
    dated: float = 1.0
    tagged: float = 0.0
    rated: float = 0.0
    keep: Keep = Keep.EMBEDDED
    upright: float = 0.12
    size: tuple[int, int] | None = None
    tags: tuple[str, ...] = ()


def albums(last_year: int) -> tuple[Album, ...]:
    """All folders; those of the telephone end in December of `last_year`."""
    return (*_travels(), *_family(), *_telephone(last_year), *_papers())


def _travels() -> tuple[Album, ...]:
    return (
        Album(
            "2017 Iceland",
            14,
            ("waterfall", "snowy mountains", "lighthouse", "starry night", "harbour", "hiking"),
            dt.date(2017, 9, 3),
            9,
            ("D750",),
            ("Reykjavik", "Vik"),
            first=2114,
            tagged=0.6,
            rated=0.5,
            keep=Keep.SIDECAR_BY_STEM,
            tags=("Iceland",),
        ),
        Album(
            "2019 Tuscany/1 Firenze",
            8,
            ("street", "pizza", "pasta", "portrait", "breakfast"),
            dt.date(2019, 6, 8),
            2,
            ("A7",),
            ("Firenze",),
            first=381,
            rated=0.4,
        ),
        Album(
            "2019 Tuscany/2 Siena & the hills",
            11,
            ("green hills", "sunflowers", "flower meadow", "street", "friends", "green hills"),
            dt.date(2019, 6, 10),
            3,
            ("A7",),
            ("Siena",),
            first=390,
            tagged=0.7,
            rated=0.6,
            tags=("Tuscany", "holiday"),
        ),
        Album(
            "2019 Tuscany/3 By the sea",
            8,
            ("beach", "beach at sunset", "sailing boats", "family", "beach at sunset"),
            dt.date(2019, 6, 13),
            3,
            ("A7", "iPhone"),
            ("Viareggio",),
            first=402,
            tagged=1.0,
            rated=0.3,
            tags=("beach", "holiday"),
        ),
        Album(
            "2022 Japan \u65e5\u672c",
            18,
            ("torii", "sushi", "city at night", "street", "train", "portrait", "breakfast"),
            dt.date(2022, 4, 2),
            12,
            ("XT30",),
            ("Kyoto", "Hatsukaichi", "Tokyo"),
            first=1201,
            tagged=0.5,
            rated=0.4,
            keep=Keep.SIDECAR,
            tags=("Japan", "\u65e5\u672c"),
        ),
        Album(
            "2023 M\u00fcnster & K\u00f6ln",
            10,
            ("street", "train", "car", "autumn park", "iron tower"),
            dt.date(2023, 10, 20),
            4,
            ("Pixel",),
            ("Muenster", "Koeln"),
        ),
        Album(
            "2024 Patagonia",
            12,
            ("snowy mountains", "hiking", "camp fire", "starry night", "lighthouse", "snowy mountains"),
            dt.date(2024, 2, 11),
            16,
            ("R6",),
            ("El Chalten", "Ushuaia"),
            first=4127,
            endings=("DNG", "", "", "", ""),
            rated=0.6,
            tagged=0.3,
            tags=("Patagonia",),
        ),
        Album(
            "Weekends/2018 Paris",
            7,
            ("iron tower", "street", "breakfast", "friends"),
            dt.date(2018, 5, 19),
            3,
            ("TZ",),
            ("Paris",),
            first=1030412,
        ),
        Album(
            "Weekends/2021 Zermatt",
            8,
            ("skiing", "snowy mountains", "snowman", "train"),
            dt.date(2021, 2, 12),
            3,
            ("iPhone",),
            ("Zermatt",),
            first=3310,
        ),
        Album(
            "Weekends/2023 Balloons, G\u00f6reme",
            6,
            ("hot-air balloons", "desert"),
            dt.date(2023, 5, 6),
            3,
            ("R6",),
            ("Goreme",),
            first=2961,
            rated=1.0,
        ),
        Album(
            "Weekends/2016 Marrakech",
            6,
            ("desert", "fruit", "street"),
            dt.date(2016, 11, 4),
            4,
            ("Ixus",),
            (),
            first=1,
        ),
    )


def _family() -> tuple[Album, ...]:
    return (
        Album(
            "2021-07-10 Anna's wedding",
            18,
            ("wedding", "friends", "family", "portrait", "flower", "birthday cake", "fireworks"),
            dt.date(2021, 7, 10),
            1,
            ("R6",),
            ("Utrecht",),
            first=101,
            tagged=0.5,
            rated=0.8,
            upright=0.35,
            tags=("wedding", "Anna"),
        ),
        Album(
            "Christmas/2018",
            7,
            ("christmas tree", "snowman", "family", "portrait"),
            dt.date(2018, 12, 24),
            3,
            ("TZ",),
            first=1031207,
        ),
        Album(
            "Christmas/2022",
            7,
            ("christmas tree", "snowman", "friends", "fruit"),
            dt.date(2022, 12, 24),
            3,
            ("iPhone",),
            ("Utrecht",),
            first=6120,
        ),
        Album(
            "Birthdays",
            8,
            ("birthday cake", "child with balloons", "birthday cake", "friends"),
            dt.date(2016, 3, 14),
            2560,
            ("Ixus", "Galaxy"),
            first=1,
            names="birthday-{taken:%Y}-{number:02}.jpg",
            tagged=0.6,
            tags=("birthday",),
        ),
        Album(
            "Animals/Minka (cat)",
            10,
            ("cat",),
            dt.date(2019, 2, 1),
            1400,
            ("Galaxy", "iPhone"),
            ("Utrecht",),
            names="Minka {number:02}.jpg",
            tagged=0.4,
            tags=("Minka",),
        ),
        Album(
            "Animals/Bruno (dog)",
            8,
            ("dog",),
            dt.date(2020, 6, 1),
            1100,
            ("Galaxy",),
            ("Texel",),
            names="bruno_{number}.jpeg",
            first=8,
        ),
        Album(
            "Garden",
            13,
            ("flower", "tulips", "bird", "sunflowers", "flower"),
            dt.date(2020, 4, 20),
            130,
            ("XT30",),
            first=733,
            endings=("tiff", "", "", "webp", "", "", ""),
            tagged=0.4,
            rated=0.3,
            keep=Keep.SIDECAR,
            tags=("garden",),
        ),
        Album(
            "From Grandma",
            6,
            ("old print",),
            dt.date(2015, 1, 1),
            names="Old photo {number}.jpg",
            dated=0,
            size=(560, 400),
        ),
    )


def _telephone(last_year: int) -> tuple[Album, ...]:
    everyday = (
        "breakfast",
        "cat",
        "dog",
        "street",
        "car",
        "forest",
        "autumn park",
        "pizza",
        "sailing boats",
        "beach at sunset",
        "portrait",
    )
    return (
        Album(
            "Phone/Camera",
            30,
            everyday,
            dt.date(last_year - 1, 1, 9),
            700,
            ("Pixel",),
            ("Utrecht", "Texel", "Utrecht", "Koeln"),
            upright=0.4,
        ),
        Album(
            "Phone/Camera/New York",
            8,
            ("city at night", "street", "pizza", "fireworks"),
            dt.date(last_year, 7, 1),
            5,
            ("iPhone",),
            ("New York",),
            first=7431,
            upright=0.3,
        ),
        Album(
            "Phone/WhatsApp Images",
            10,
            ("friends", "birthday cake", "child with balloons", "dog", "pumpkins"),
            dt.date(2023, 1, 14),
            640,
            names="IMG-{taken:%Y%m%d}-WA{number:04}.jpg",
            dated=0,
            size=(560, 420),
            upright=0.4,
        ),
        Album(
            "Phone/Screenshots",
            10,
            ("chat", "map", "weather report", "ticket"),
            dt.date(2023, 2, 3),
            600,
            names="Screenshot_{taken:%Y%m%d-%H%M%S}.png",
            dated=0,
            size=(400, 800),
            upright=0,
        ),
        Album(
            "Memory card/DCIM/100CANON",
            10,
            ("forest", "waterfall", "beach", "harbour", "bird", "tulips"),
            dt.date(2016, 8, 2),
            20,
            ("Ixus",),
            first=1,
        ),
        Album(
            "Memory card/DCIM/101NIKON",
            8,
            ("autumn park", "camp fire", "pumpkins", "forest"),
            dt.date(2017, 10, 21),
            10,
            ("D750",),
            first=1,
        ),
    )


def _papers() -> tuple[Album, ...]:
    return (
        Album(
            "Scans/Documents",
            6,
            ("letter",),
            dt.date(2021, 3, 2),
            700,
            ("Scanner",),
            first=12,
            size=(560, 780),
            upright=0,
        ),
        Album(
            "Scans/Receipts",
            5,
            ("receipt", "recipe"),
            dt.date(2022, 1, 5),
            300,
            names="receipt_{taken:%Y-%m-%d}.png",
            dated=0,
            size=(420, 520),
            upright=0,
        ),
        Album(
            "Scans/Old prints",
            6,
            ("old print",),
            dt.date(1974, 6, 1),
            3000,
            ("Scanner",),
            first=201,
            tagged=0.7,
            upright=0,
            keep=Keep.SIDECAR,
            tags=("family", "scan"),
        ),
        Album(
            "Work",
            5,
            ("whiteboard", "desktop"),
            dt.date(2022, 11, 8),
            40,
            ("Galaxy",),
            names="{taken:%Y-%m-%d} notes {number}.jpg",
            upright=0,
        ),
        Album(
            "Mia",
            5,
            ("child's drawing",),
            dt.date(2021, 9, 1),
            400,
            ("Galaxy",),
            names="Mia \u2013 drawing {number}.jpg",
            upright=0,
        ),
    )
