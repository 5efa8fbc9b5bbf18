"""Every verb that the journal knows."""

from __future__ import annotations

from typing import Final

from photofsd.store import people_said, searches, undo

VERBS: Final = undo.with_undo({**searches.VERBS, **people_said.VERBS})
