"""Names that programs look for wherever they go: they are answered without asking any folder.

Seen from Thunar, pcmanfm, Nautilus, gthumb, tumblerd, smbd, and known of Windows, macOS, Synology and the indexers.
"""

from __future__ import annotations

from typing import Final

INDEXERS_KEEP_OUT: Final = b".trackerignore"
"""An empty file of this name in the root keeps desktop indexers out of the tree; elsewhere it is a probe."""

_NAMES: Final = frozenset(
    {
        INDEXERS_KEEP_OUT,
        b".comments",
        b".directory",
        b".ds_store",
        b".fseventsd",
        b".git",
        b".hidden",
        b".metadata_never_index",
        b".nomedia",
        b".sh_thumbnails",
        b".spotlight-v100",
        b".xdg-volume-info",
        b"@eadir",
        b"autorun.inf",
        b"desktop.ini",
        b"thumbs.db",
    }
)
_PREFIXES: Final = (b"._", b".trash")

_BESIDE_PHOTOS: Final = frozenset({b"albumart.jpg", b"bdmv", b"cover.jpg", b"folder.jpg", b"folder.png", b"photofsd"})


def is_probe(name: bytes) -> bool:
    """Claim: no folder of the tree ever holds an entry of that name (case does not count)."""
    folded = name.lower()
    return folded in _NAMES or folded.startswith(_PREFIXES)


def is_no_query(name: bytes) -> bool:
    """Claim: nobody means to search for that name: a probe, or a file that programs look for beside photos.

    A library may hold such files (`IMG_1.jpg.xmp`, `folder.jpg`), so folders are still asked for them.
    """
    folded = name.lower()
    return folded in _BESIDE_PHOTOS or folded.endswith(b".xmp") or is_probe(folded)
