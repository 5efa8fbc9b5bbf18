"""Shows a model two pictures, and words where it knows any, in a process of its own, to see whether it works here.

Run as `python -m photofsd.models.canary PURPOSE FOLDER THREADS`, it prints one line of JSON: {"dimension", "runs_on"}
or {"error"}. A model that takes its process with it takes nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np

from photofsd.errors import PhotofsdError
from photofsd.models.clip import Vectors
from photofsd.models.folder import Installed, Purpose, layout_of, what_is_missing
from photofsd.models.loading import load, load_faces
from photofsd.models.samples import TEXTS, picture
from photofsd.processes.command import command_of

TIMEOUT_S: Final = 300
_SAME: Final = 0.999
"""The cosine of the same input given twice."""
_ANYWHERE: Final = np.array([[100, 100], [200, 100], [150, 160], [110, 210], [190, 210]], np.float32)
"""Where eyes, nose and mouth would be."""


def sing(model: Installed, *, threads: int) -> dict[str, Any]:
    """What came of the trial of a model that makes vectors: {"dimension", "runs_on"} or {"error"}."""
    command = command_of(__name__, model.purpose, str(model.folder), str(threads))
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False, text=True)
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {TIMEOUT_S} s"}
    except (OSError, ValueError, IndexError):
        last = next(reversed(done.stderr.splitlines()), "no word")
        return {"error": f"its process ended with status {done.returncode}: {last}"}
    return said


def heard(purpose: Purpose, folder: Path, threads: int) -> dict[str, Any]:
    """Let the model in `folder` compute; what came of it."""
    layout = layout_of(purpose, folder)
    if layout is None:
        return {"error": what_is_missing(purpose, folder)}
    model = Installed(purpose, folder.name, layout, folder)
    return _faces_heard(model, threads) if purpose is Purpose.FACES else _clip_heard(model, threads)


def _clip_heard(model: Installed, threads: int) -> dict[str, Any]:
    clip = load(model, threads=threads)
    pictures = clip.of_pictures([picture(0), picture(1), picture(0)])
    texts = clip.of_texts([TEXTS[0], TEXTS[1], TEXTS[0]])
    wrong = _wrong(pictures, "pictures") or _wrong(texts, "words")
    return {"error": wrong} if wrong else {"dimension": clip.dimension, "runs_on": clip.runs_on}


def _faces_heard(model: Installed, threads: int) -> dict[str, Any]:
    """Nobody is in the pictures: what is asked is whether it computes at all."""
    finder = load_faces(model, threads=threads)
    finder.faces([picture(0), picture(1)])
    crops = [finder.crop(picture(number), _ANYWHERE) for number in (0, 1, 0)]
    wrong = _wrong(finder.vectors(crops), "faces")
    return {"error": wrong} if wrong else {"dimension": finder.dimension, "runs_on": finder.runs_on}


def _wrong(vectors: Vectors, what: str) -> str:
    """What is wrong with the vectors of one thing, another, and the first again; "" = nothing."""
    if vectors[0] @ vectors[2] < _SAME:
        return f"the same {what} give another vector the second time"
    return f"all {what} give the same vector" if vectors[0] @ vectors[1] > _SAME else ""


def main() -> None:
    """Print the one line."""
    try:
        said = heard(Purpose(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
    except PhotofsdError as error:
        said = {"error": str(error)}
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
