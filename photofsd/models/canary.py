"""Shows a model two pictures and two lines of words, in a process of its own, to see whether it works here.

Run as `python -m photofsd.models.canary FOLDER THREADS`, it prints one line of JSON: {"dimension", "runs_on"} or
{"error"}. A model that takes its process with it takes nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from photofsd.errors import PhotofsdError
from photofsd.models.folder import Installed, Purpose, layout_of, what_is_missing
from photofsd.models.loading import load
from photofsd.models.samples import TEXTS, picture

TIMEOUT_S: Final = 300
_SAME: Final = 0.999
"""The cosine of the same input given twice."""


def sing(model: Installed, *, threads: int) -> dict[str, Any]:
    """What came of the trial of an image-text model: {"dimension", "runs_on"} or {"error"}."""
    command = [sys.executable, "-m", __name__, str(model.folder), str(threads)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False, text=True)
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {TIMEOUT_S} s"}
    except (OSError, ValueError, IndexError):
        last = next(reversed(done.stderr.splitlines()), "no word")
        return {"error": f"its process ended with status {done.returncode}: {last}"}
    return said


def heard(folder: Path, threads: int) -> dict[str, Any]:
    """Let the model in `folder` encode; what came of it."""
    layout = layout_of(Purpose.CLIP, folder)
    if layout is None:
        return {"error": what_is_missing(Purpose.CLIP, folder)}
    clip = load(Installed(Purpose.CLIP, folder.name, layout, folder), threads=threads)
    pictures = clip.of_pictures([picture(0), picture(1), picture(0)])
    texts = clip.of_texts([TEXTS[0], TEXTS[1], TEXTS[0]])
    for what, vectors in (("pictures", pictures), ("words", texts)):
        if vectors[0] @ vectors[2] < _SAME:
            return {"error": f"the same {what} give another vector the second time"}
        if vectors[0] @ vectors[1] > _SAME:
            return {"error": f"all {what} give the same vector"}
    return {"dimension": clip.dimension, "runs_on": clip.runs_on}


def main() -> None:
    """Print the one line."""
    try:
        said = heard(Path(sys.argv[1]), int(sys.argv[2]))
    except PhotofsdError as error:
        said = {"error": str(error)}
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
