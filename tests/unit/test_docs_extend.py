"""What the docs say of the code is so: the tree, the alerts, and the examples, which are run as they stand there.

`python tests/unit/test_docs_extend.py` writes the tree into docs/architecture.md anew.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PACKAGE = CHECKOUT / "photofsd"
DOCS = CHECKOUT / "docs"
PROJECT = CHECKOUT / "pyproject.toml"

# ---- The tree in architecture.md ----

TREE = re.compile(r"(?<=<!-- tree -->\n```\n).*?(?=```\n<!-- end of tree -->)", re.DOTALL)
SENTENCE_END = re.compile(r"(?<=[.?!])\s+(?=[A-Z`])")
WIDTH = 120
NAME_COLUMN = 24


def floors() -> list[str]:
    """The names in photofsd/ from the top floor down, as the import linter has them."""
    contracts = tomllib.loads(PROJECT.read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["id"] == "floors")
    return [floor for layer in layers for floor in layer.split(" : ")]


def claim(module: Path) -> str:
    """The first sentence of a module's docstring."""
    docstring = ast.get_docstring(ast.parse(module.read_text()))
    assert docstring, f"{module} has no docstring"
    return SENTENCE_END.split(" ".join(docstring.partition("\n\n")[0].split()))[0]


def tree_lines(folder: Path, depth: int = 0) -> Iterator[str]:
    """A line for every module of a package, in the order of the floors, then of the alphabet."""
    order = {name: rank for rank, name in enumerate(floors())} if not depth else {}
    entries = [path for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    for path in sorted(entries, key=lambda path: (path.is_dir() and depth, order.get(path.stem, -1), path.name)):
        if path.name == "__init__.py":
            continue
        name = "    " * depth + path.name + "/" * path.is_dir()
        text = claim(path / "__init__.py" if path.is_dir() else path)
        head = name.ljust(NAME_COLUMN) if len(name) < NAME_COLUMN else name + " "
        yield from textwrap.wrap(head + text, WIDTH, subsequent_indent=" " * NAME_COLUMN, break_on_hyphens=False)
        if path.is_dir():
            yield from tree_lines(path, depth + 1)


def tree() -> str:
    return "".join(line + "\n" for line in tree_lines(PACKAGE))


def test_the_tree_in_the_docs_is_the_tree() -> None:
    written = TREE.search((DOCS / "architecture.md").read_text())
    assert written is not None, "docs/architecture.md has lost its tree"
    assert written[0].splitlines() == tree().splitlines(), f"run {Path(__file__).relative_to(CHECKOUT)} to renew it"


def test_every_module_is_in_the_tree() -> None:
    listed = re.findall(r"^ *(\w+\.py|\w+/) ", tree(), re.MULTILINE)
    files = [path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.name != "__init__.py"]
    assert sorted(listed) == sorted(_shown(path) for path in files)


def _shown(module: Path) -> str:
    return f"{module.parent.name}/" if module.name == "__init__.py" else module.name


# ---- The alerts in operations.md ----

GAP = "…"


def texts(node: ast.AST) -> str:
    """The text that an expression makes, with a gap for what is filled in."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(map(texts, values))
        case _:
            return GAP


def calls(module: Path, *names: str) -> Iterator[str]:
    """The text of the first argument of every call of a function by one of these names."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in names:
            yield texts(node.args[0])


def lines_of(module: Path, *beginnings: str) -> Iterator[str]:
    """The texts with gaps in a module that begin so."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.JoinedStr) and texts(node).startswith(beginnings):
            yield texts(node)


def alerts() -> Iterator[str]:
    """Every alert of a scan, every reason for which a library folder counts as offline, what holds up processing."""
    for module in sorted((PACKAGE / "library").glob("*.py")):
        yield from calls(module, "alert", "Offline")
    yield from calls(PACKAGE / "store" / "env.py", "StoreFull")
    yield from calls(PACKAGE / "processes" / "child.py", "ChildrenBroken")
    yield from calls(PACKAGE / "durable.py", "StoreFull", "StoreError")
    for node in ast.walk(ast.parse((PACKAGE / "daemon" / "keeper.py").read_text())):
        if isinstance(node, ast.FunctionDef) and node.name == "alerts":
            lines = (texts(line) for line in ast.walk(node) if isinstance(line, ast.JoinedStr))
            yield from (line for line in lines if GAP in line)  # how a number is formatted is a JoinedStr, too
    for module, *beginnings in (
        ("searching", "searching by", "the index of pictures is out"),
        ("clustering", "people are not"),
        ("standstill", f"everybody in /people stays where they are: {GAP}"),
    ):
        yield from lines_of(PACKAGE / "daemon" / f"{module}.py", *beginnings)
    for node in ast.parse((PACKAGE / "pipeline" / "runner.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DISK_FULL":
            yield texts(node.value)


def test_every_alert_is_in_the_docs_with_what_to_do() -> None:
    said = {alert for alert in alerts() if alert != GAP}
    assert len(said) > 10
    section = (DOCS / "operations.md").read_text().partition("## Alerts\n")[2].partition("\n## ")[0]
    items = (" ".join(item.split()) for item in re.split(r"^- ", section, flags=re.MULTILINE)[1:])
    found = [re.match(r"(`{1,2})(.+?)\1: .+", item) for item in items]
    assert {item[2] for item in found if item is not None} == said


# ---- The decisions ----


def test_decisions_are_numbered_without_a_gap_and_have_one_form() -> None:
    notes = sorted((DOCS / "decisions").glob("*.md"))
    assert [note.name[:5] for note in notes] == [f"{number:04}-" for number in range(1, len(notes) + 1)]
    for note in notes:
        text = note.read_text()
        assert text.startswith(f"# {note.name[:4]} "), note.name
        assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], note.name


@pytest.mark.parametrize("page", ["architecture", "concurrency", "operations", "add-a-view", "add-a-stage"])
def test_links_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (DOCS / f"{page}.md").read_text())
    assert [link for link in links if not (DOCS / link).exists()] == []


# ---- The examples ----

FILE = re.compile(r"<!-- file: (\S+) -->\n```python\n(.*?)```", re.DOTALL)
LINE = re.compile(r"<!-- line: (\S+) after (.+?) -->\n```python\n(.*?)```", re.DOTALL)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a copy of the package, an empty library and what tests need."""
    shutil.copytree(PACKAGE, tmp_path / "photofsd", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT, tmp_path)
    (tmp_path / "tests").symlink_to(CHECKOUT / "tests")
    (tmp_path / "library").mkdir()
    return tmp_path


def extend(place: Path, page: str) -> list[Path]:
    """Do to the copy of the package what the page says; the files that were added."""
    text = (DOCS / page).read_text()
    for name, content in FILE.findall(text):
        assert not (place / name).exists(), f"{name} is there already: the page shows how to add it"
        (place / name).write_text(content)
    for name, before, line in LINE.findall(text):
        lines = (place / name).read_text().splitlines(keepends=True)
        at = next(number for number, known in enumerate(lines) if known.strip().startswith(before))
        (place / name).write_text("".join([*lines[: at + 1], line, *lines[at + 1 :]]))
    return [place / name for name, _ in FILE.findall(text)]


def run(place: Path, *command: str | Path) -> str:
    """Run Python in `place`, where the copy of the package is what `photofsd` means; what it prints."""
    environ = os.environ | {"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *command], cwd=place, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("page", ["add-a-view.md", "add-a-stage.md"])
def test_what_an_example_adds_keeps_the_rules_of_the_house(page: str, place: Path) -> None:
    added = extend(place, page)
    assert added
    run(place, "-m", "ruff", "check", "--no-cache", *added)
    run(place, "-m", "ruff", "format", "--no-cache", "--check", *added)
    run(place, Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache")


def test_the_view_of_the_docs_shows_the_right_photos(place: Path) -> None:
    extend(place, "add-a-view.md")
    run(place, "-c", VIEW_IS_RIGHT)


VIEW_IS_RIGHT = """
from pathlib import Path
from tests.mount.photographer import Shot, take
from tests.mount.walker import walking_nodes

library, state = Path("library").absolute(), Path("state").absolute()
for number, year in enumerate(("1994", "1999", "2003", "2013")):
    camera = ("Canon", "Canon EOS 7D") if year > "2000" else ("NIKON", "NIKON D70")
    take(library / f"{year}.jpg", Shot(f"{year}:06:15 10:00:00", camera=camera, shade=number))
take(library / "undated.jpg", Shot(shade=9))
with walking_nodes(library, state) as tree:
    assert b"decades" in tree.names(b"")
    assert b"/decades" in tree.read(b".photofsd/README")
    assert tree.names(b"decades") == [b"1990s", b"2000s", b"2010s"]
    assert sorted(tree.names(b"decades/1990s")) == [b"1994.jpg", b"1999.jpg"]
    assert tree.inode(b"decades/2010s/2013.jpg") == tree.inode(b"recent/2013.jpg")
    assert tree.names(b"cameras/Canon EOS 7D/+decades") == [b"2000s", b"2010s"]
    assert tree.names(b"decades/1990s/+cameras") == [b"Nikon D70"]
    for absent in (b"decades/1980s", b"decades/1994", b"decades/2000s/1994.jpg", b"decades/0s"):
        try:
            tree.is_folder(absent)
        except FileNotFoundError:
            continue
        raise AssertionError(absent)
"""


def test_the_stage_of_the_docs_is_run_by_real_readers_and_reaches_the_photos_that_are_there(place: Path) -> None:
    run(place, "-c", LIBRARY_BEFORE_THE_STAGE)
    extend(place, "add-a-stage.md")
    run(place, "-c", STAGE_IS_RIGHT)


LIBRARY_BEFORE_THE_STAGE = """
from pathlib import Path
from PIL import Image
from tests.component.librarian import librarian

library, state = Path("library").absolute(), Path("state").absolute()
Image.new("RGB", (40, 30), (200, 0, 0)).save(library / "old.png")
with librarian(library, state) as here:
    here.take_in()
    here.work_off()
    assert here.named(b"old.png")
"""

STAGE_IS_RIGHT = """
from pathlib import Path
from PIL import Image
from photofsd.pipeline.stages.sharpness import Edges
from photofsd.pipeline.runner import reset
from photofsd.store import assets, jobs
from photofsd.store.schema import U32, Tables
from tests.component.librarian import librarian

def edges(here, name):
    with here.store.read() as txn:
        found = txn.record(Tables.EDGES, U32.pack(here.named(name)), Edges)
    return None if found is None else found.strength

library, state = Path("library").absolute(), Path("state").absolute()
halves = Image.new("RGB", (40, 30), (0, 0, 0))
halves.paste((100, 200, 50), (0, 0, 20, 30))
halves.save(library / "new.png")
(library / "broken.png").write_bytes((library / "new.png").read_bytes()[:40])
(library / "clip.mp4").write_bytes(bytes.fromhex("00000018") + b"ftypmp42" + bytes(4) + b"mp42isom")
with librarian(library, state) as here:
    here.take_in()
    here.work_off()
    assert 0 < edges(here, b"old.png") < edges(here, b"new.png")
    assert edges(here, b"clip.mp4") is None
    with here.store.read() as txn:
        shown = dict(assets.results(txn, here.named(b"new.png")))  # what /.photofsd/photos shows
    assert shown["edges"] == {"strength": edges(here, b"new.png")}, shown
    assert here.counts("sharpness") == jobs.Counts(queued=0, done=2, failed=0), here.counts("sharpness")
    assert here.counts("preview") == jobs.Counts(queued=0, done=2, failed=2), here.counts("preview")
    for picture in (state / "thumbs").rglob("*.jpg"):
        picture.unlink()
    reset(here.writer, "sharpness")
    (library / "new.png").unlink()
    here.work_off()
    assert here.counts("sharpness") == jobs.Counts(queued=2, done=0, failed=0), here.counts("sharpness")
"""


def renew() -> None:
    """Write the tree into docs/architecture.md."""
    page = DOCS / "architecture.md"
    page.write_text(TREE.sub(lambda _: tree(), page.read_text()))


if __name__ == "__main__":
    renew()
