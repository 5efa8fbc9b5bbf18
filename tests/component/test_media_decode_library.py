"""Real files as pictures, decoded in one child with a reader's memory, agree with their manifest.

As a program (`python -m tests.component.test_media_decode_library FOLDER FIT_PX`) this file is that child: it prints a
JSON object, path -> what was decoded, or the words of the failure.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from photofsd.config.profiles import PROFILES
from photofsd.errors import FileUndecodable, PhotofsdError
from photofsd.media.decode import decode
from photofsd.media.look import colours, contrast, phash
from photofsd.media.sidecar_names import sidecar_names
from photofsd.media.sniff import kind_of_name
from photofsd.media.source import Source
from photofsd.types import Kind

CHECKOUT = Path(__file__).parents[2]
MEMORY = int(PROFILES["small"]["readers.memory_mb"]) << 20
FIT_PX = 256
SLOW_CPU_S = 10.0

SAME_BITS = 6
"""Of 64: the manifest's hashes are of the stored pixels, by Pillow at full size."""
NEARLY_BLANK = 3.0
"""Contrast below which a hash is noise."""
QUARTER_TURNS = {"5", "6", "7", "8"}
BEYOND = {
    "broken/ImageTestSuite/0b7d50ac449fd59eb3de00647636d0c9.png": "damaged, and shown as far as it goes",
    "broken/ImageTestSuite/c16f4894de3142b98e8f3d8fc6b3d23e.tif": "",
    "broken/truncated-animated-earth.jpg": "the JPEG ends early",
    "metadata-zoo/exiv2/Canon-R6-pruned.CR3": "",
    "metadata-zoo/exiv2/Reagan.jxl": "",
    "metadata-zoo/exiv2/exiv2-canon-powershot-s40.crw": "only its preview of 160 x 120 pixels can be shown",
}
"""What the manifest's decoders cannot show and we can, and what is said of it."""
PROBLEMS = {
    "metadata-zoo/exiftool/DNG.dng": "LibRaw finds no picture in it",
    "metadata-zoo/exiv2/IMG_1361.dng": "LibRaw finds no picture in it",
}
"""What is wrong with files that decode."""
SEEN_OTHERWISE = {
    "Phone backup/iPhone/iphone_7.heic": "its EXIF block turns it, HEIF does not",
    "metadata-zoo/exiftool/Panasonic.rw2": "noise: reduced to nothing",
    "formats/snapotter/test-portrait-extreme.png": "4 pixels wide when it is 256 high",
}
"""Where the manifest's hash is of something else than what is shown."""

Rows = dict[str, dict[str, str]]
Answers = dict[str, dict[str, Any]]


def decode_folder(folder: Path, fit_px: int) -> Answers:
    found: Answers = {}
    for parent, _, names in os.walk(os.fsencode(folder)):
        for name in names:
            if kind_of_name(name) not in {Kind.IMAGE, Kind.RAW}:
                continue
            path = os.path.join(parent, name)
            start = time.process_time()
            try:
                with Source.open(path, [os.path.join(parent, other) for other in sidecar_names(name, names)]) as source:
                    picture = decode(source, fit_px=fit_px)
                answer: dict[str, Any] = {
                    "size": (picture.width, picture.height),
                    "shown": picture.image.size,
                    "mode": picture.image.mode,
                    "phash": phash(picture.image),
                    "contrast": contrast(picture.image),
                    "colours": colours(picture.image),
                    "problems": picture.problems,
                }
            except PhotofsdError as error:
                answer = {"error": type(error).__name__, "said": str(error)}
            answer["cpu_s"] = time.process_time() - start
            found[os.fsdecode(os.path.relpath(path, os.fsencode(folder)))] = answer
    return found


def answers_of_a_child(folder: Path, fit_px: int) -> Answers:
    child = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.component.test_media_decode_library", folder, str(fit_px)],
        cwd=CHECKOUT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
        stdout=subprocess.PIPE,
        check=False,
        timeout=280,
    )
    assert child.returncode == 0
    answers: Answers = json.loads(child.stdout)
    return answers


@pytest.fixture(scope="session")
def answers(test_data: Path) -> Answers:
    """What the child says of all pictures."""
    return answers_of_a_child(test_data, FIT_PX)


@pytest.fixture(scope="session")
def rows(test_data: Path, answers: Answers) -> Rows:
    """The manifest's rows of pictures, by path."""
    with (test_data / "manifest.csv").open(newline="") as file:
        return {row["path"]: row for row in csv.DictReader(file) if row["path"] in answers}


def decodes(row: dict[str, str]) -> bool:
    return row["decodes"].startswith("yes")


pytestmark = pytest.mark.timeout(300)


def test_whatever_the_manifest_says_decodes_does(rows: Rows, answers: Answers) -> None:
    assert len(rows) > 290
    assert {path: answers[path] for path, row in rows.items() if decodes(row) and "error" in answers[path]} == {}


def test_what_decodes_beyond_that_is_known(rows: Rows, answers: Answers) -> None:
    beyond = {path for path, row in rows.items() if not decodes(row) and "error" not in answers[path]}
    assert beyond == BEYOND.keys()


def test_what_fails_says_why_in_one_line(answers: Answers, test_data: Path) -> None:
    failed = {path: answer for path, answer in answers.items() if "error" in answer}
    assert len(failed) > 25
    for path, answer in failed.items():
        assert answer["error"] == FileUndecodable.__name__, answer
        assert answer["said"].startswith(str(test_data / path)), answer
        assert "\n" not in answer["said"]
        assert "Error" not in answer["said"].replace("Input/output error", "").replace("Data error", "")


def test_what_is_wrong_with_a_picture_is_said_and_nothing_else(answers: Answers) -> None:
    known = BEYOND | PROBLEMS
    for path, answer in answers.items():
        if "error" not in answer:
            assert len(answer["problems"]) == bool(known.get(path)), (path, answer["problems"])
            assert all(problem.startswith(known[path]) for problem in answer["problems"])


def test_pictures_are_srgb_and_as_large_as_wanted(answers: Answers) -> None:
    for path, answer in answers.items():
        if "error" not in answer:
            assert answer["mode"] == "RGB"
            assert max(answer["shown"]) <= FIT_PX * 1.02, path
            assert max(answer["shown"]) >= min(FIT_PX, max(answer["size"])) or path in BEYOND, path


def test_sizes_are_those_of_the_manifest_upright(rows: Rows, answers: Answers) -> None:
    for path, row in rows.items():
        if row["kind"] != "image" or not decodes(row):
            continue  # of a sensor everybody cuts off another border
        stored = (int(row["width"]), int(row["height"]))
        is_turned = row["orientation"] in QUARTER_TURNS and (row["format"] != "HEIF" or path in SEEN_OTHERWISE)
        assert tuple(answers[path]["size"]) == (stored[::-1] if is_turned else stored), path


def test_pictures_look_as_the_manifest_has_them(rows: Rows, answers: Answers) -> None:
    """By their hash, of those that it knows upright; so no colour, no page and no frame is another."""
    looked_at = 0
    for path, row in rows.items():
        is_upright = row["orientation"] in {"", "0", "1"} or row["format"] == "HEIF"
        answer = answers[path]
        if "error" in answer or not row["phash"] or not is_upright or path in SEEN_OTHERWISE:
            continue
        if answer["contrast"] < NEARLY_BLANK:
            continue
        assert (answer["phash"] ^ int(row["phash"], 16)).bit_count() <= SAME_BITS, path
        looked_at += 1
    assert looked_at > 230


@pytest.mark.parametrize("folder", ["landscape", "portrait"])
def test_all_orientations_show_the_same_picture(folder: str, test_data: Path) -> None:
    def shown(path: Path) -> Image.Image:
        with Source.open(bytes(path)) as source:
            return decode(source, fit_px=FIT_PX).image

    files = sorted((test_data / "orientation" / folder).glob("*.jpg"))
    first = shown(files[0])
    assert len(files) in {5, 8}
    for path in files[1:]:
        other = shown(path)
        assert other.size == first.size
        assert (phash(other) ^ phash(first)).bit_count() <= SAME_BITS, path
        for mine, theirs in zip(colours(other), colours(first), strict=True):
            assert (
                max(abs(one - another) for one, another in zip(mine.to_bytes(3), theirs.to_bytes(3), strict=True)) < 24
            )


def test_same_numbers_in_a_wider_space_are_stronger_colours(answers: Answers) -> None:
    """The two files have the same pixels; one has the profile of Display P3."""
    wide, plain = (answers[f"Photos/Natur/Iceland-{name}.jpg"]["colours"] for name in ("P3", "sRGB"))
    strengths = [[max(colour.to_bytes(3)) - min(colour.to_bytes(3)) for colour in cells] for cells in (wide, plain)]
    assert all(one >= other for one, other in zip(*strengths, strict=True))
    assert sum(strengths[0]) > 1.05 * sum(strengths[1])


def test_hdr_is_neither_dull_nor_dark(answers: Answers) -> None:
    answer = answers["formats/immich/10bit-HDR-P3-nclx.avif"]
    assert answer["contrast"] > 45
    red, _, blue = answer["colours"][1].to_bytes(3)  # the sky
    assert blue > 180
    assert blue - red > 60


def test_no_picture_takes_long(answers: Answers) -> None:
    assert {path: answer["cpu_s"] for path, answer in answers.items() if answer["cpu_s"] > SLOW_CPU_S} == {}


def test_panorama_beyond_all_limits_is_shown_small_within_a_readers_memory(tmp_path: Path) -> None:
    panorama = Image.linear_gradient("L").resize((24_000, 9_000))
    panorama.save(tmp_path / "panorama.jpg", quality=50)
    panorama.save(tmp_path / "panorama.png", compress_level=1)
    answers = answers_of_a_child(tmp_path, 1000)
    assert answers["panorama.jpg"]["size"] == [24_000, 9_000]
    assert answers["panorama.jpg"]["shown"] == [1000, 375]
    assert answers["panorama.png"]["error"] == FileUndecodable.__name__
    assert "24000 x 9000 pixels are more than" in answers["panorama.png"]["said"]


def test_picture_that_memory_does_not_suffice_for_fails_cleanly(tmp_path: Path) -> None:
    large = Image.new("RGBA", (13_000, 13_000), (1, 2, 3, 100))
    large.save(tmp_path / "large.png", compress_level=1)
    del large
    Image.new("RGB", (640, 480), "navy").save(tmp_path / "small.jpg")
    answers = answers_of_a_child(tmp_path, 1000)
    assert answers["large.png"]["said"].endswith("needs more memory than readers.memory_mb allows")
    assert answers["small.jpg"]["size"] == [640, 480]


def main() -> None:
    """Read what a reader would, with its memory."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)  # where C libraries complain
    sys.stdout.buffer.write(msgspec.json.encode(decode_folder(Path(sys.argv[1]), int(sys.argv[2]))))


if __name__ == "__main__":
    main()
