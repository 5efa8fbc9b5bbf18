"""The floors hold, and every contract that guards them notices when they don't."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[2]
CONFIG = CHECKOUT / "pyproject.toml"
CONTRACTS: list[dict[str, Any]] = tomllib.loads(CONFIG.read_text())["tool"]["importlinter"]["contracts"]
BY_ID = {contract["id"]: contract for contract in CONTRACTS}
FLOORS = [floor for layer in BY_ID["floors"]["layers"] for floor in layer.split(" : ")]
MODULES = {"durable", "mounts", "records", "types", "errors", "display"}  # floors that are one file

BREACHES = {
    "floors": [
        ("store/zz_bad.py", "import photofsd.daemon"),
        ("errors.py", "from photofsd import config"),
        ("zz_undeclared/__init__.py", ""),
    ],
    "write-side": [
        (f"{floor}/zz_bad_{target}.py", f"from photofsd import {target}")
        for floor in ("library", "pipeline")
        for target in ("query", "views", "vtree", "fuse")
    ],
    "read-side": [
        (f"{floor}/zz_bad_{target}.py", f"import photofsd.{target}")
        for floor in ("query", "views", "vtree", "fuse")
        for target in ("library", "pipeline")
    ],
    "views": [("views/zz_good.py", ""), ("views/zz_bad.py", "from photofsd.views import zz_good")],
    "stages": [
        ("pipeline/stages/zz_good.py", ""),
        ("pipeline/stages/zz_bad.py", "import photofsd.pipeline.stages.zz_good"),
    ],
    "synchronous": [
        (f"{floor}/zz_bad.py", "def f():\n    from trio import lowlevel")
        for floor in ("store", "index", "query", "searcher", "clustering", "media", "capacity")
    ],
    "pyfuse3": [
        ("fuse/zz_good.py", "import pyfuse3"),
        *((f"{floor}/zz_bad.py", "import pyfuse3") for floor in ("cli", "daemon", "views", "vtree")),
    ],
    "lmdb": [
        ("store/zz_good.py", "import lmdb"),
        *((f"{floor}/zz_bad.py", "from lmdb import Environment") for floor in ("daemon", "pipeline", "query")),
    ],
    "learning": [
        ("models/zz_good.py", "import torch"),
        *(
            (f"{floor}.py" if floor in MODULES else f"{floor}/zz_bad_{library}.py", f"import {library}")
            for floor in FLOORS
            if floor != "models"
            for library in ("torch", "onnxruntime", "insightface", "transformers")
        ),
    ],
}


def lint(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the import linter on the package that lies in `folder`."""
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-logo", "--no-cache", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the package and its contracts, to be broken."""
    shutil.copytree(CHECKOUT / "photofsd", tmp_path / "photofsd", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CONFIG, tmp_path)
    return tmp_path


def test_tree_keeps_every_contract() -> None:
    result = lint(CHECKOUT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in result.stdout


def test_every_contract_is_broken_on_purpose_below() -> None:
    assert set(BREACHES) == set(BY_ID)


def test_contract_of_the_learning_libraries_binds_every_floor_but_models() -> None:
    bound = {name.removeprefix("photofsd.") for name in BY_ID["learning"]["source_modules"]}
    assert bound == set(FLOORS) - {"models"}


@pytest.mark.parametrize("contract", BREACHES)
def test_contract_notices_each_bad_import(contract: str, tree: Path) -> None:
    for name, statement in BREACHES[contract]:
        path = tree / "photofsd" / name
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as module:
            module.write(f"\n{statement}\n")
    result = lint(tree, "--contract", contract)
    report = re.sub(r"\s+", " ", result.stdout)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{BY_ID[contract]['name']} BROKEN" in report
    for name, statement in BREACHES[contract]:
        if "zz_good" not in name:
            assert _names(report, name, statement), f"{name}: {statement!r} went unnoticed:\n{result.stdout}"


def _names(report: str, path: str, statement: str) -> bool:
    """Claim: the report blames the module at `path` for importing what `statement` imports."""
    importer = "photofsd." + path.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
    imported = re.search(r"(?:from|import) (\S+)", statement)
    blame = f"{importer} -> {imported[1]}" if imported else importer
    return blame in report
