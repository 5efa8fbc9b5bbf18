"""Words as a text encoder wants them: numbers, all of one length; by the model's own tokenizer.json."""

from __future__ import annotations

import html
import json
import string
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import ftfy
import numpy as np
import numpy.typing as npt
import tokenizers

from photofsd.display import first_line
from photofsd.errors import ModelUnusable

_CONTEXT: Final = 77
_LONGEST_CONTEXT: Final = 4096
_WITHOUT_PUNCTUATION: Final = str.maketrans("_", " ", string.punctuation.replace("_", ""))
_PADS: Final = ("[PAD]", "<pad>", "<|endoftext|>", "!")

Tokens = npt.NDArray[np.int32]


class Tokenizer:
    """Makes int32[n, context] of texts, and the mask of what is no padding."""

    def __init__(self, folder: Path, text_config: Mapping[str, Any]) -> None:
        """Raises ModelUnusable.

        folder: where tokenizer.json lies. text_config: open_clip's text_cfg: how long texts may be, what is cut, how
        texts are cleaned.
        """
        context, special = _context(folder, text_config), _kwargs(text_config)
        file = folder / "tokenizer.json"
        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises nothing more exact
            raise ModelUnusable(f"{file} cannot be read: {first_line(error)}") from error
        pad = _special(folder, "pad_token", self._tokenizer, _PADS)
        self._tokenizer.enable_truncation(max_length=context)
        self._tokenizer.enable_padding(length=context, pad_token=pad, pad_id=self._tokenizer.token_to_id(pad))
        self._clean = cleaning(text_config)
        self._stripped: int | None = None
        if special.get("strip_sep_token"):
            self._stripped = self._tokenizer.token_to_id(_special(folder, "sep_token", self._tokenizer, ("[SEP]",)))

    def __call__(self, texts: Sequence[str]) -> tuple[Tokens, Tokens]:
        """The tokens of texts and their mask, int32[n, context] each."""
        encoded = self._tokenizer.encode_batch([self._clean(text) for text in texts])
        ids = np.array([one.ids for one in encoded], np.int32)
        if self._stripped is not None:
            ids[ids == self._stripped] = 0
        return ids, np.array([one.attention_mask for one in encoded], np.int32)


def cleaning(text_config: Mapping[str, Any]) -> Callable[[str], str]:
    """What is done to a text before it is cut into tokens, as open_clip does it. Raises ModelUnusable."""
    usual = "whitespace" if text_config.get("hf_tokenizer_name") or text_config.get("hf_model_name") else "lower"
    way = _kwargs(text_config).get("clean", usual)
    try:
        return _CLEANINGS[way]
    except (KeyError, TypeError) as error:
        raise ModelUnusable(f"texts are to be cleaned in a way that is not known: {way}") from error


def _mended(text: str) -> str:
    return " ".join(html.unescape(html.unescape(ftfy.fix_text(text))).split())


def _canonical(text: str) -> str:
    return " ".join(_mended(text).translate(_WITHOUT_PUNCTUATION).lower().split())


_CLEANINGS: Final[Mapping[str, Callable[[str], str]]] = {
    "whitespace": _mended,
    "lower": lambda text: _mended(text).lower(),
    "canonicalize": _canonical,
}


def _context(folder: Path, text_config: Mapping[str, Any]) -> int:
    said = text_config.get("context_length", _CONTEXT)
    if not isinstance(said, int) or not 0 < said <= _LONGEST_CONTEXT:
        raise ModelUnusable(f"{folder} says that a text has {said} tokens")
    if text_config.get("tokenizer_mode"):
        raise ModelUnusable(f"{folder} wants tokens made in a way that is not known: {text_config['tokenizer_mode']}")
    return said


def _kwargs(text_config: Mapping[str, Any]) -> Mapping[str, Any]:
    said = text_config.get("tokenizer_kwargs")
    return said if isinstance(said, dict) else {}


def _special(folder: Path, kind: str, tokenizer: tokenizers.Tokenizer, usual: Sequence[str]) -> str:
    """A token with a meaning: as the tokenizer's configuration says, else a usual one."""
    said: list[str] = []
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        try:
            token: Any = json.loads((folder / name).read_bytes()).get(kind)
        except (OSError, ValueError, AttributeError):
            continue
        said.append(str(token.get("content")) if isinstance(token, dict) else str(token))
    for one in (*said, *usual):
        if tokenizer.token_to_id(one) is not None:
            return one
    raise ModelUnusable(f"{folder} names no {kind}, which its texts need")
