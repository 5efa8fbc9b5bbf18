"""One name for a camera and one for a lens, as people say it, out of what makers write.

"Canon", "Canon EOS 7D"                       Canon EOS 7D
"NIKON CORPORATION", "NIKON D70"              Nikon D70
"OLYMPUS IMAGING CORP.", "u1020,S1020"        Olympus u1020,S1020
"motorola", "moto g(9) plus"                  motorola moto g(9) plus
"""

from __future__ import annotations

import re
from typing import Final

_BRANDS: Final = {
    "asahi": "Pentax",
    "asus": "ASUS",
    "casio": "Casio",
    "eastman": "Kodak",
    "fuji": "Fujifilm",
    "fujifilm": "Fujifilm",
    "hasselblad": "Hasselblad",
    "hewlett-packard": "HP",
    "huawei": "Huawei",
    "kodak": "Kodak",
    "konica": "Konica Minolta",
    "leica": "Leica",
    "minolta": "Minolta",
    "nikon": "Nikon",
    "nokia": "Nokia",
    "olympus": "Olympus",
    "panasonic": "Panasonic",
    "pentax": "Pentax",
    "polaroid": "Polaroid",
    "ricoh": "Ricoh",
    "samsung": "Samsung",
    "sanyo": "Sanyo",
    "sigma": "Sigma",
    "sony": "Sony",
    "toshiba": "Toshiba",
    "xiaomi": "Xiaomi",
}
"""By the first word of what makers write. Brands that write their name as people do need no entry."""

_COMPANY = re.compile(
    r"[\s,.]+(?:corp(?:oration)?|co(?:mpany)?|inc(?:orporated)?|ltd|limited|gmbh|ag|imaging|optical|techwin|electric"
    r"|electronics|photo|film|communications|computer|technologies|digital|camera|cameras)\b.*\Z",
    re.IGNORECASE,
)
_NO_LENS = re.compile(r"[\W\d_]*\Z|(?:0(?:\.0)?\s*mm|unknown|n/?a\b|none\b|manual lens|no lens|----).*", re.IGNORECASE)


def camera_name(make: str | None, model: str | None) -> str | None:
    """The camera's name: its brand once, then its model; None if neither is known.

    make, model: cleaned text (wording.py).
    """
    brand = _brand(make) if make else None
    if not model:
        return brand
    first, _, rest = model.partition(" ")
    own_brand = _BRANDS.get(first.casefold())
    if own_brand is not None:  # "PENTAX K-3" by Ricoh is called a Pentax
        return f"{own_brand} {rest}".rstrip()
    if brand is None or model.casefold().startswith(brand.casefold()):
        return model
    return f"{brand} {model}"


def lens_name(lens: str | None) -> str | None:
    """The lens's name, or None for what cameras write when they don't know it."""
    return lens if lens and not _NO_LENS.match(lens) else None


def _brand(make: str) -> str:
    known = _BRANDS.get(re.split(r"[\s,.]", make, maxsplit=1)[0].casefold())
    return known or _COMPANY.sub("", make) or make
