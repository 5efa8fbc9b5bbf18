"""Writing a shot: its picture in the format that its name asks for, its metadata, its sidecar."""

from __future__ import annotations

import datetime as dt
import functools
import io
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pillow_heif
from PIL import Image, ImageOps

from contrib.sample_library import dng
from contrib.sample_library.metadata import exif_of, iptc_of, with_iptc, xmp_of
from contrib.sample_library.scenes import SCENES
from contrib.sample_library.shot import Copy, Keep, Shot

Encode = Callable[[Image.Image, Shot], bytes]
TURNS = {  # what has to be done to an upright picture so that the orientation undoes it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def write_shot(folder: Path, seed: int, shot: Shot) -> None:
    """Draw a shot and write it, with its sidecar, below `folder`."""
    generator = random.Random(b"%d/%b" % (seed, shot.path))
    image = SCENES[shot.scene].draw(generator, shot.size)
    if shot.orientation in TURNS:
        image = image.transpose(TURNS[shot.orientation])
    _put(folder, shot.path, ENCODERS[shot.extension](image, shot), shot)
    if shot.words and shot.words.keep is not Keep.EMBEDDED:
        _put(folder, _sidecar(shot), xmp_of(shot.words), shot)


def write_copy(folder: Path, copy: Copy) -> None:
    """Copy a file that was drawn, with its times."""
    source, target = (folder / os.fsdecode(path) for path in (copy.of, copy.path))
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def _put(folder: Path, path: bytes, content: bytes, shot: Shot) -> None:
    target = folder / os.fsdecode(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    moment = shot.stored_at.replace(tzinfo=dt.UTC).timestamp()
    os.utime(target, (moment, moment))


def _sidecar(shot: Shot) -> bytes:
    return (shot.path if shot.words.keep is Keep.SIDECAR else shot.path.rpartition(b".")[0]) + b".xmp"


def _save(image: Image.Image, shot: Shot, *, kind: str, **options: object) -> bytes:
    exif, buffer = exif_of(shot), io.BytesIO()
    if exif:
        options["exif"] = exif.tobytes()
    if shot.words and shot.words.keep is Keep.EMBEDDED and kind in {"JPEG", "WEBP", "HEIF"}:
        options["xmp"] = xmp_of(shot.words)
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _jpeg(image: Image.Image, shot: Shot) -> bytes:
    data = _save(image, shot, kind="JPEG", quality=84)
    if shot.words and shot.words.keep is Keep.EMBEDDED:
        return with_iptc(data, iptc_of(shot.words, shot.taken))
    return data


def _heic(image: Image.Image, shot: Shot) -> bytes:
    """HEIC has a rotation of its own beside the EXIF: the encoder derives it from the orientation there."""
    pillow_heif.register_heif_opener()
    return _save(image, shot, kind="HEIF", quality=55, enc_params={"preset": "ultrafast"})


def _gif(image: Image.Image, _shot: Shot) -> bytes:
    """A slow zoom into the picture, as an endless animation."""
    frames = []
    for step in range(10):
        inset = step * 0.03
        box = (image.width * inset, image.height * inset, image.width * (1 - inset), image.height * (1 - inset))
        frames.append(
            image.resize(image.size, Image.Resampling.BILINEAR, box=box).quantize(96, Image.Quantize.FASTOCTREE)
        )
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=120, loop=0)
    return buffer.getvalue()


def _tiff(image: Image.Image, shot: Shot) -> bytes:
    """TIFF, not compressed: libtiff, which would compress it, cannot write the IFDs of EXIF and GPS."""
    return _save(ImageOps.grayscale(image) if shot.scene == "letter" else image, shot, kind="TIFF")


ENCODERS: dict[str, Encode] = {
    **dict.fromkeys(("jpg", "jpeg"), _jpeg),
    **dict.fromkeys(("tif", "tiff"), _tiff),
    "png": functools.partial(_save, kind="PNG"),
    "webp": functools.partial(_save, kind="WEBP", quality=82),
    "avif": functools.partial(_save, kind="AVIF", quality=70, speed=9),
    "bmp": functools.partial(_save, kind="BMP"),
    "heic": _heic,
    "gif": _gif,
    "dng": dng.encode,
}
