"""The tokenizer of English CLIPs as a tokenizer.json, from the vocabulary that comes with open_clip."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, Final

from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split
from tokenizers.processors import TemplateProcessing

START: Final = "<start_of_text>"
END: Final = "<end_of_text>"
PAD: Final = "!"
_MERGES: Final = 49152 - 256 - 2
_WORDS: Final = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
_WORD_ENDS: Final = "</w>"


def write(vocabulary: Path, folder: Path) -> None:
    """Make tokenizer.json and tokenizer_config.json in `folder`.

    vocabulary: the file that open_clip calls bpe_simple_vocab_16e6.txt.gz.
    """
    with gzip.open(vocabulary, "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")[1 : _MERGES + 1]
    merges = [(first, second) for first, second in (line.split() for line in lines)]
    letters = list(_letters())
    tokens = [*letters, *(letter + _WORD_ENDS for letter in letters), *("".join(merge) for merge in merges), START, END]
    ids = {token: number for number, token in enumerate(tokens)}
    made = Tokenizer(
        BPE(vocab=ids, merges=merges, unk_token=END, continuing_subword_prefix="", end_of_word_suffix=_WORD_ENDS)
    )
    made.pre_tokenizer = Sequence(
        [Split(Regex(_WORDS), "removed", invert=True), ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in (START, END)])
    made.post_processor = TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(token, ids[token]) for token in (START, END)]
    )
    made.save(str(folder / "tokenizer.json"))
    said: dict[str, Any] = {"pad_token": PAD, "bos_token": START, "eos_token": END}
    (folder / "tokenizer_config.json").write_text(json.dumps(said, indent=1) + "\n")


def _letters() -> str:
    """A visible letter for each of the 256 bytes, in the order of their numbers as tokens."""
    visible = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    return "".join(map(chr, [*visible, *range(256, 256 + 256 - len(visible))]))
