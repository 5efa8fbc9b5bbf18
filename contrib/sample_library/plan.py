"""The plan of the whole library, made from a seed before anything is drawn."""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt
import itertools
import random
from collections.abc import Iterator

from contrib.sample_library.albums import Album, albums
from contrib.sample_library.cameras import CAMERAS, Camera
from contrib.sample_library.places import PLACES, Place
from contrib.sample_library.scenes import SCENES
from contrib.sample_library.shot import Copy, Exposure, Shot, Words

PORTRAIT = (6, 8)  # EXIF orientations of a camera that was turned by a quarter
SPEEDS = (1 / 30, 1 / 60, 1 / 125, 1 / 250, 1 / 500, 1 / 1000)
ODD_NAMES = (
    (b"100% real?.jpg", "pizza"),
    (b"#1 & only.jpg", "dog"),
    (b"  two spaces  .jpg", "cat"),
    (b"-rf.jpg", "car"),
    (b'it\'s "quoted".jpg', "friends"),
    ("\U0001f382 cake.jpg".encode(), "birthday cake"),
    ("cre\u0300me bru\u0302le\u0301e.jpg".encode(), "fruit"),  # decomposed, as macOS writes it
    (b"caf\xe9.jpg", "breakfast"),  # Latin-1, as old systems wrote it
    ("\u041c\u043e\u0441\u043a\u0432\u0430.jpg".encode(), "street"),
    (b"holiday.photo.final.(2).JPG", "beach"),
    (b"a" * 240 + b".jpg", "forest"),
    (b"animated.gif", "fireworks"),
    (b"painted.bmp", "green hills"),
    (b"small.avif", "hot-air balloons"),
    (b"wide.webp", "snowy mountains"),
    (b"panorama.jpg", "snowy mountains"),
)
SIZES = {b"panorama.jpg": (1600, 420), b"animated.gif": (320, 240), b"painted.bmp": (400, 300)}


@dataclasses.dataclass(frozen=True)
class Plan:
    """All there is to draw, and what to copy afterwards."""

    shots: tuple[Shot, ...]
    copies: tuple[Copy, ...]


def make_plan(seed: int, today: dt.date) -> Plan:
    """Plan the library. Nothing is dated after `today`; some of it is of this day in years past."""
    rng = random.Random(seed)
    shots = [shot for album in albums(today.year - 1) for shot in _shots(rng, album)]
    shots += _on_this_day(rng, today)
    shots += _odd_ones(rng)
    return Plan(tuple(shots), tuple(_copies(shots)))


def _shots(rng: random.Random, album: Album) -> Iterator[Shot]:
    times = sorted(_moment(rng, album) for _ in range(album.count))
    for index, taken in enumerate(times):
        camera = CAMERAS[album.cameras[index % len(album.cameras)]] if album.cameras else None
        scene = album.scenes[index % len(album.scenes)]
        place = PLACES[album.places[index * len(album.places) // album.count]] if album.places else None
        is_upright = rng.random() < album.upright
        yield Shot(
            path=f"{album.folder}/{_name(album, camera, index, taken)}".encode(),
            scene=scene,
            size=_size(album, camera, is_upright=is_upright),
            stored_at=taken + dt.timedelta(days=0 if not album.dated else 20),
            taken=taken if rng.random() < album.dated else None,
            place=_near(rng, place) if place else None,
            camera=camera,
            exposure=_exposure(rng, camera) if camera and camera.lenses else None,
            orientation=rng.choice(PORTRAIT) if is_upright and camera else 1,
            has_offset=camera is not None and camera.model not in {"NIKON D750", "Canon EOS R6"},
            words=_words(rng, album, scene),
        )


def _moment(rng: random.Random, album: Album) -> dt.datetime:
    day = album.start + dt.timedelta(days=rng.randrange(album.days))
    seconds = rng.randrange(7 * 3600, 22 * 3600)
    milliseconds = rng.randrange(1000) if album.cameras and album.cameras[0] not in {"TZ", "Ixus", "Scanner"} else 0
    return dt.datetime.combine(day, dt.time()) + dt.timedelta(seconds=seconds, milliseconds=milliseconds)


def _name(album: Album, camera: Camera | None, index: int, taken: dt.datetime) -> str:
    pattern = album.names or (camera.names if camera else "{number}.jpg")
    name = pattern.format(number=album.first + index, taken=taken, milliseconds=taken.microsecond // 1000)
    ending = album.endings[index % len(album.endings)] if album.endings else ""
    return f"{name.rpartition('.')[0]}.{ending}" if ending else name


def _size(album: Album, camera: Camera | None, *, is_upright: bool) -> tuple[int, int]:
    wide, tall = album.size or (camera.size if camera else (640, 480))
    return (tall, wide) if is_upright else (wide, tall)


def _near(rng: random.Random, place: Place) -> Place:
    """A spot within a kilometre or so."""
    return dataclasses.replace(
        place,
        latitude=place.latitude + rng.uniform(-0.008, 0.008),
        longitude=place.longitude + rng.uniform(-0.008, 0.008),
    )


def _exposure(rng: random.Random, camera: Camera) -> Exposure:
    lens = rng.choice(camera.lenses)
    return Exposure(
        lens,
        focal_mm=round(rng.uniform(*lens.focal_mm), 2),
        f_number=rng.choice((lens.f_number, lens.f_number, 5.6, 8.0)),
        seconds=rng.choice(SPEEDS),
        iso=rng.choice((100, 100, 200, 400, 800, 1600)),
    )


def _words(rng: random.Random, album: Album, name: str) -> Words:
    scene = SCENES[name]
    is_tagged, is_rated = rng.random() < album.tagged, rng.random() < album.rated
    return Words(
        keywords=tuple(dict.fromkeys((*album.tags, *scene.words[: rng.randint(1, 3)]))) if is_tagged else (),
        rating=rng.choice((1, 2, 3, 3, 4, 4, 5, 5)) if is_rated else None,
        caption=rng.choice(scene.captions).capitalize() if is_tagged and rng.random() < 0.5 else None,
        keep=album.keep,
    )


def _on_this_day(rng: random.Random, today: dt.date) -> Iterator[Shot]:
    """Photos of today's day of the year in the years past."""
    camera, days = CAMERAS["Pixel"], _same_days(today)
    for number, scene in enumerate(
        ("dog", "birthday cake", "forest", "beach at sunset", "friends", "breakfast", "cat", "sailing boats")
    ):
        taken = dt.datetime.combine(
            days[number // 2], dt.time(10 + number, 7 * number, 31), tzinfo=None
        ) + dt.timedelta(milliseconds=120 + number)
        name = camera.names.format(taken=taken, milliseconds=taken.microsecond // 1000)
        yield Shot(
            path=f"Phone/Camera/{name}".encode(),
            scene=scene,
            size=camera.size,
            stored_at=taken,
            taken=taken,
            place=_near(rng, PLACES["Utrecht"]),
            camera=camera,
            exposure=_exposure(rng, camera),
        )


def _same_days(today: dt.date) -> list[dt.date]:
    """Today's day in the four last years that have it: the 29th of February is rare."""
    years = (
        year for year in range(today.year - 1, 0, -1) if calendar.isleap(year) or (today.month, today.day) != (2, 29)
    )
    return [today.replace(year=year) for year in itertools.islice(years, 4)]


def _odd_ones(rng: random.Random) -> Iterator[Shot]:
    """Names and formats that trip programs up, in a folder that everybody has."""
    for name, scene in ODD_NAMES:
        yield Shot(
            path=b"Downloads/unsorted/" + name,
            scene=scene,
            size=SIZES.get(name, (560, 420)),
            stored_at=_at(2022, 5, 5) + dt.timedelta(hours=rng.randrange(9000)),
        )
    for orientation in range(1, 9):
        yield Shot(
            path=f"Downloads/orientation/held {orientation}.jpg".encode(),
            scene="lighthouse",
            size=(480, 360),
            stored_at=_at(2020, 1, orientation),
            taken=_at(2020, 1, orientation),
            camera=CAMERAS["Galaxy"],
            orientation=orientation,
        )


def _at(year: int, month: int, day: int) -> dt.datetime:
    return dt.datetime.combine(dt.date(year, month, day), dt.time(12))


def _copies(shots: list[Shot]) -> Iterator[Copy]:
    """Exact copies, as backups and a folder of favourites make them."""
    phone = [shot.path for shot in shots if shot.path.startswith(b"Phone/Camera/PXL")]
    for path in phone[:8]:
        yield Copy(b"Backup of phone 2023/" + path.rpartition(b"/")[2], path)
    wedding = [shot.path for shot in shots if b"wedding" in shot.path and (shot.words.rating or 0) >= 5]
    for number, path in enumerate(wedding[:4], 1):
        yield Copy(f"2021-07-10 Anna's wedding/For the album/{number:02}.jpg".encode(), path)
