"""`photofsd stages`."""

from __future__ import annotations

import click

from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say, say_json
from photofsd.daemon.client import ask
from photofsd.daemon.commands import Action, Stages, StagesResult
from photofsd.daemon.report import stage_lines


@click.group("stages")
def command() -> None:
    """List the stages of the work, pause and resume them, do work again."""


def _subcommand(action: Action, done: str, explanation: str) -> click.Command:
    """The command that does `action`. done: what is said afterwards, of {what} and {jobs}."""

    @click.argument("name", required=False)
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @common_options
    def act(invocation: Invocation, *, name: str | None, as_json: bool) -> None:
        result = ask(invocation.settings.state, Stages(action=action, stage=name))
        if as_json:
            say_json(result)
        else:
            _say(result, done.format(what=f"stage {name}" if name else "all stages", jobs=f"{result['jobs']:,}"))

    act.__doc__ = explanation
    return click.command(action)(act)


def _say(result: StagesResult, done: str) -> None:
    if done:
        say(done)
    for line in stage_lines(result["stages"]):
        say(line)


command.add_command(_subcommand("list", "", "Show the jobs of the stage NAME, or of all."))
command.add_command(
    _subcommand("pause", "{what} paused", "Start no more jobs of the stage NAME, or of any, until `resume`.")
)
command.add_command(_subcommand("resume", "{what} resumed", "Go on with the stage NAME, or with all."))
command.add_command(
    _subcommand(
        "retry", "{jobs} jobs will be tried again", "Try again at once what failed in the stage NAME, or in any."
    )
)
command.add_command(
    _subcommand("reset", "{jobs} jobs will run again", "Do everything of the stage NAME, or of all, again.")
)
