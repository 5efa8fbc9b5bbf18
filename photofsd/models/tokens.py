"""Words as a text encoder wants them: numbers, all of one length; by the model's own tokenizer.json."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tokenizers

from photofsd.errors import ModelUnusable

_LONGEST_CONTEXT: Final = 4096
_PUNCTUATION: Final = re.compile(r"[^\w\s]", re.UNICODE)
_PADS: Final = ("[PAD]", "<pad>", "<|endoftext|>", "!")

Tokens = npt.NDArray[np.int32]


class Tokenizer:
    """Makes int32[n, context] of texts, and the mask of what is no padding."""

    def __init__(self, folder: Path, context: int, *, canonical: bool) -> None:
        """Raises ModelUnusable.

        context: tokens of a text, what is longer is cut. canonical: lower case without punctuation, as SigLIP's texts.
        """
        if not 0 < context <= _LONGEST_CONTEXT:
            raise ModelUnusable(f"{folder} says that a text has {context} tokens")
        file = folder / "tokenizer.json"
        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises nothing more exact
            raise ModelUnusable(f"{file} cannot be read: {error}") from error
        pad = _padding(folder, self._tokenizer)
        self._tokenizer.enable_truncation(max_length=context)
        self._tokenizer.enable_padding(length=context, pad_token=pad, pad_id=self._tokenizer.token_to_id(pad))
        self._is_canonical = canonical

    def __call__(self, texts: Sequence[str]) -> tuple[Tokens, Tokens]:
        """The tokens of texts and their mask, int32[n, context] each."""
        said = [_canonical(text) if self._is_canonical else " ".join(text.split()) for text in texts]
        encoded = self._tokenizer.encode_batch(said)
        ids = np.array([one.ids for one in encoded], np.int32)
        return ids, np.array([one.attention_mask for one in encoded], np.int32)


def _canonical(text: str) -> str:
    return " ".join(_PUNCTUATION.sub("", text.replace("_", " ")).lower().split())


def _padding(folder: Path, tokenizer: tokenizers.Tokenizer) -> str:
    """The token that fills up short texts: as the tokenizer's configuration says, else the usual ones."""
    said: list[str] = []
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        try:
            pad: Any = json.loads((folder / name).read_bytes()).get("pad_token")
        except (OSError, ValueError, AttributeError):
            continue
        said.append(str(pad.get("content")) if isinstance(pad, dict) else str(pad))
    for token in (*said, *_PADS):
        if tokenizer.token_to_id(token) is not None:
            return token
    raise ModelUnusable(f"{folder} names no token to fill up short texts with")
