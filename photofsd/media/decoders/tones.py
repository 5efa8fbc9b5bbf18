"""From wide and high-dynamic-range colours to sRGB, by arithmetic: for files whose colours are said by number.

HDR: white of paper is 203 cd/m2 (ITU-R BT.2408, section 2), and what is brighter rolls off towards it, by the largest
of red, green and blue, so that hues stay. Colours beyond sRGB are clipped.
Source: IEC 61966-2-1 (sRGB); SMPTE ST 2084 (PQ); ITU-R BT.2100, tables 4 and 5 (HLG, on a display of 1000 cd/m2);
ITU-R BT.2390, section 5.4.1 (the roll-off).
"""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from photofsd.media.decoders.colour_space import ColourSpace, Primaries, Transfer

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

_BAND_PIXELS: Final = 1 << 18
"""Worked on at once: few enough to stay in the processor's cache."""
_D65: Final = (0.3127, 0.3290)
_ADOBE_GAMMA: Final = 563 / 256
_PAPER_NITS: Final = 203.0
_PEAK_NITS: Final = 1000.0
_PQ_NITS: Final = 10_000.0
_HLG_SYSTEM_GAMMA: Final = 1.2
_STEPS: Final = 1 << 14


def as_srgb(pixels: Codes, space: ColourSpace) -> npt.NDArray[np.uint8]:
    """The same colours in sRGB.

    pixels:  uint8 or uint16[height, width, 3], codes of `space` over the full range of their type.
    returns: uint8[height, width, 3].
    """
    shown = np.empty(pixels.shape, np.uint8)
    rows = max(1, _BAND_PIXELS // max(1, pixels.shape[1]))
    for top in range(0, pixels.shape[0], rows):
        shown[top : top + rows] = _band(pixels[top : top + rows], space)
    return shown


def _band(pixels: Codes, space: ColourSpace) -> npt.NDArray[np.uint8]:
    light = _light_of_codes(space.transfer, np.iinfo(pixels.dtype).max)[pixels]
    if space.transfer is Transfer.HLG:
        light = _displayed(light, space.primaries)
    light @= _to_srgb(space.primaries).T
    if space.is_hdr:
        light = _rolled_off(light)
    steps = (np.clip(light, 0, 1) * (_STEPS - 1) + np.float32(0.5)).astype(np.uint16)
    return _srgb_of_steps()[steps]


@functools.lru_cache(maxsize=4)
def _light_of_codes(transfer: Transfer, highest: int) -> Floats:
    """By code, the light: 1 = white; in HDR, cd/m2; in HLG, the scene's."""
    code = np.arange(highest + 1) / highest
    match transfer:
        case Transfer.SRGB:
            light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004
        case Transfer.LINEAR:
            light = code
        case Transfer.ADOBE_RGB:
            light = code**_ADOBE_GAMMA
        case Transfer.PQ:
            light = _nits_of_pq(code)
        case Transfer.HLG:
            a, b, c = 0.17883277, 0.28466892, 0.55991073
            light = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)  # noqa: PLR2004
    return light.astype(np.float32)


@functools.cache
def _srgb_of_steps() -> npt.NDArray[np.uint8]:
    """By light in _STEPS steps from 0 to 1, the code."""
    light = np.linspace(0, 1, _STEPS)
    code = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)  # noqa: PLR2004 - sRGB
    return (code * 255 + 0.5).astype(np.uint8)


@functools.cache
def _to_xyz(primaries: Primaries) -> npt.NDArray[np.float64]:
    """The matrix from linear RGB to XYZ."""
    columns = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in primaries.value]).T
    x, y = _D65
    white = np.array([x / y, 1.0, (1 - x - y) / y])
    return np.asarray(columns * np.linalg.solve(columns, white))


@functools.cache
def _to_srgb(primaries: Primaries) -> Floats:
    """The matrix from linear RGB to that of sRGB."""
    return np.linalg.solve(_to_xyz(Primaries.SRGB), _to_xyz(primaries)).astype(np.float32)


def _displayed(scene: Floats, primaries: Primaries) -> Floats:
    """The light of a display, cd/m2, that shows a scene in HLG."""
    luminance = np.maximum(scene @ _to_xyz(primaries)[1].astype(np.float32), np.float32(1e-6))
    gain: Floats = np.float32(_PEAK_NITS) * luminance ** np.float32(_HLG_SYSTEM_GAMMA - 1)
    return scene * gain[..., None]


def _rolled_off(nits: Floats) -> Floats:
    """Light of which paper's white is 1 and nothing is brighter."""
    brightest = nits.max(axis=-1)
    at, gains = _gains()
    gain: Floats = np.interp(brightest, at, gains).astype(np.float32)
    return nits * gain[..., None]


@functools.cache
def _gains() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Brightness in cd/m2, ascending, and what it is multiplied with."""
    peak = _pq_of_nits(_PEAK_NITS)
    code = np.linspace(1e-3, 1, 1024)
    paper = float(_pq_of_nits(_PAPER_NITS) / peak)
    knee = 1.5 * paper - 0.5
    t = np.clip((code - knee) / (1 - knee), 0, 1)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * paper
    rolled = np.where(code < knee, code, spline)
    nits = _nits_of_pq(code * peak)
    return nits, _nits_of_pq(rolled * peak) / nits / _PAPER_NITS


_M1: Final = 2610 / 16384
_M2: Final = 2523 / 4096 * 128
_C1: Final = 3424 / 4096
_C2: Final = 2413 / 4096 * 32
_C3: Final = 2392 / 4096 * 32


def _nits_of_pq(code: Any) -> Any:  # noqa: ANN401 - a float or an array, and gives the same
    power = code ** (1 / _M2)
    return _PQ_NITS * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1)


def _pq_of_nits(nits: Any) -> Any:  # noqa: ANN401 - as above
    power = (nits / _PQ_NITS) ** _M1
    return ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2
