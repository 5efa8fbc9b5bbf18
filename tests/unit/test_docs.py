"""The docs cannot lag: a command, an option or a setting that they don't name, or that isn't there any more, fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from photofsd.cli.main import COMMANDS, program
from photofsd.config.schema import SETTINGS, Setting
from photofsd.config.toml import literal

DOCS = Path(__file__).parents[2] / "docs"
COMMON = {option for parameter in program.params for option in parameter.opts}


def _leaves(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its words."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _leaves(below, (*words, name))
    else:
        yield " ".join(words), command


LEAVES = dict(_leaves(program, ("photofsd",)))


def _sections(text: str) -> dict[str, str]:
    """The text below each heading "## `photofsd ...`", by the command's words."""
    parts = re.split(r"^## `(photofsd [a-z -]+)`.*$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.fixture(scope="module")
def commands() -> str:
    return (DOCS / "commands.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def configuration() -> str:
    return (DOCS / "configuration.md").read_text(encoding="utf-8")


def test_every_command_is_documented_and_nothing_else(commands: str) -> None:
    assert _sections(commands).keys() == LEAVES.keys()


@pytest.mark.parametrize("words", LEAVES)
def test_every_option_of_a_command_is_documented_and_nothing_else(commands: str, words: str) -> None:
    options = {option for parameter in LEAVES[words].params for option in parameter.opts if option.startswith("-")}
    documented = set(re.findall(r"^- `(--?[\w-]+)", _sections(commands)[words], flags=re.MULTILINE))
    assert documented == options - COMMON


def test_the_options_of_every_command_are_documented(commands: str) -> None:
    introduction = commands.partition("\n## `photofsd")[0]
    documented = set(re.findall(r"`(--[\w-]+)", introduction))
    assert documented >= {option for option in COMMON if option.startswith("--")}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    command = program.get_command(click.Context(program), name)
    assert command is not None
    assert (command.help or "").splitlines()[0] == COMMANDS[name]


def _row(setting: Setting) -> str:
    default = setting.doc.default or f"`{literal(setting.default)}`"
    return f"| `{setting.key.rpartition('.')[2]}` | {default} | {setting.doc.text} |"


def _tables(text: str) -> dict[str, list[str]]:
    """The rows of the table of each section, by the section's name; "" for the settings outside of any."""
    parts = re.split(r"^## (?:`\[(\w+)\]`|Outside of any section).*$", text, flags=re.MULTILINE)
    rows = [[line for line in part.splitlines() if line.startswith("| `")] for part in parts[2::2]]
    return dict(zip((name or "" for name in parts[1::2]), rows, strict=True))


def test_every_setting_is_documented_with_its_default_and_nothing_else(configuration: str) -> None:
    wanted: dict[str, list[str]] = {}
    for setting in SETTINGS.values():
        wanted.setdefault(setting.key.rpartition(".")[0], []).append(_row(setting))
    assert _tables(configuration) == wanted
