"""`photofsd stages`."""

from __future__ import annotations

import click

from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say, say_json
from photofsd.cli.progress import progress
from photofsd.daemon.client import ask
from photofsd.daemon.commands import Action, Regroup, Stages, StagesResult, Status
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


@command.command("run")
@click.argument("name", type=click.Choice(["cluster"]), expose_value=False)
@common_options
def run(invocation: Invocation) -> None:
    """Group all faces anew (`cluster`), and wait until that is done."""
    with progress("grouping faces") as show:
        ask(
            invocation.settings.state,
            Regroup(),
            timeout_s=None,
            on_progress=lambda report: show(report["doing"], 0, None),
        )
    counts = ask(invocation.settings.state, Status())["people"]
    say(f"{counts['faces']:,} faces: {counts['named']:,} people with a name, {counts['unknown']:,} without")
