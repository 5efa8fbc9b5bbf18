"""The card that lies beside a demo model: what it is, how it was made, what it can do."""

from __future__ import annotations

from collections.abc import Mapping

from contrib.demo_model.trial import Trial

ABOUT = "DEMO MODEL: knows the drawn pictures of the sample library, and nothing of real photos"

_CARD = """\
# {about}

An image-text model that `make run` uses on the sample library that it draws. Do not use it on photos: it has never seen
one. `photofsd models install` shows models that have.

It is a small CLIP (open_clip: ResNet, 64 x 64 pixels; text of 20 tokens; 96 dimensions), trained from random weights by
`python -m contrib.demo_model` (seed {seed}, {examples} pictures, {steps} batches) on the scenes that the sample library
is made of, drawn anew, with what may be said of each. Nothing was taken from anywhere else: pictures, words and weights
are under the licence of photofsd. Words that it never saw have no weights.

What it was tried with: {pictures} pictures that it had not seen. Of the sentences about scenes, {scenes:.0%} find their
own scene first. Of the first ten answers (or of as many as there are) these are right:

{table}
"""


def card_of(trial: Trial, made_with: Mapping[str, object]) -> str:
    """The card, in Markdown."""
    rows = [
        "| query | right |",
        "|---|---|",
        *(f"| {query} | {share:.0%} |" for query, share in trial.precision.items()),
    ]
    return _CARD.format(
        about=ABOUT, pictures=trial.pictures, scenes=trial.scenes_right, table="\n".join(rows), **made_with
    )
