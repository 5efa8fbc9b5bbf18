"""`photofsd models`."""

from __future__ import annotations

import itertools
from pathlib import Path

import click

from photofsd.cli import calibrate
from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say, say_beside, say_json
from photofsd.cli.progress import progress
from photofsd.daemon.report import columns
from photofsd.errors import PartlyDone, UsageError
from photofsd.media.thumbnails import PREVIEW_PX, SHARDS, Thumbnails
from photofsd.models import canary, converting, folder, importing, install, sums
from photofsd.models.folder import Installed, Layout, Purpose
from photofsd.models.registry import PUBLISHED

_MB = 1 << 20
_COMPARED = 24
_RUN_BY = {
    Layout.ONNX: "ONNX Runtime",
    Layout.OPEN_CLIP: "torch (open_clip)",
    Layout.INSIGHTFACE: "ONNX Runtime",
    Layout.TRANSFORMERS: "torch (transformers)",
}


@click.group("models")
def command() -> None:
    """List, take in and verify the models that understand pictures."""


command.add_command(calibrate.command)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the id of each model.")
@common_options
def list_models(invocation: Invocation, *, as_json: bool) -> None:
    """Show the models that lie in the models folder."""
    models = invocation.settings.models.folder
    found = list(folder.installed(models))
    unfinished = [f"{path} is no {purpose} model: {what}" for purpose, path, what in folder.unfinished(models)]
    if as_json:
        say_json([_described(model) | {"id": model.id} for model in found])
    elif found:
        for line in columns([("purpose", "name", "runs on", "MB", "about"), *(_cells(model) for model in found)]):
            say(line)
    else:
        say(f"no models in {models}: `photofsd models install` shows some, `photofsd models import DIR` takes one in")
    for line in unfinished:
        say_beside(line)


@command.command("import")
@click.argument("source", type=Path, metavar="DIR")
@click.option("--name", default="", help="What to call it; the name of DIR when not given.")
@common_options
def import_model(invocation: Invocation, *, source: Path, name: str) -> None:
    """Copy the model in DIR into the models folder.

    DIR is a model of Immich's cache, an open_clip local-dir, InsightFace's ONNX files or a transformers folder.
    """
    with progress("copying") as show:
        taken = importing.take_in(
            source,
            invocation.settings.models.folder,
            name=name,
            progress=lambda done, of_all: show(f"{done // _MB:,} of {of_all // _MB:,} MB", done, of_all),
        )
    say(f"{taken.purpose} model {taken.name} lies in {taken.folder}: `photofsd models verify {taken.name}` tries it")


@command.command("install")
@click.argument("name", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@common_options
def install_model(invocation: Invocation, *, name: str | None, yes: bool) -> None:
    """Fetch the published model NAME; without NAME, show which there are.

    The only command that ever opens a network connection.
    """
    if name is None:
        rows = [(model.name, model.purpose, model.about) for model in PUBLISHED.values()]
        for line in columns([("name", "purpose", "about"), *rows]):
            say(line)
        return
    published = PUBLISHED.get(name)
    if published is None:
        raise UsageError(f"no published model {name} is known: `photofsd models install` shows which are")
    say(f"{published.name} is fetched from {published.repository}, to {invocation.settings.models.folder}")
    if published.terms:
        say(published.terms)
    if not yes and not click.confirm("Go on?", default=not published.terms):
        raise UsageError("nothing was fetched")
    with progress("fetching") as show:
        fetched = install.fetch(
            published,
            invocation.settings.models.folder,
            progress=lambda file, done, of_all: show(f"{file}, {done // _MB:,} of {of_all // _MB:,} MB", done, of_all),
        )
    say(f"{fetched.purpose} model {fetched.name} is installed: `photofsd models verify {fetched.name}` tries it")


@command.command("convert")
@click.argument("name")
@click.option("--int8", "is_int8", is_flag=True, help="Round the weights to int8: smaller and quicker, less exact.")
@click.option("--name", "new_name", default="", metavar="NEW", help="What to call it; NAME-onnx when not given.")
@click.option("--threads", type=click.IntRange(1, 256), default=1, show_default=True, help="Threads for the work.")
@common_options
def convert(invocation: Invocation, *, name: str, is_int8: bool, new_name: str, threads: int) -> None:
    """Make a model for ONNX Runtime out of the open_clip model NAME, beside it.

    Both are shown the same pictures, previews of your library where there are some, and the same texts: unless their
    vectors agree (cosine 0.999), there is no new model.
    """
    models = invocation.settings.models.folder
    model = folder.chosen(models, Purpose.CLIP, name)
    if model is None:
        raise UsageError(f"there is no model {name} in {models}")
    with progress("converting") as show:
        made = converting.convert(
            model,
            models,
            name=new_name,
            is_int8=is_int8,
            pictures=_some_previews(invocation.settings.state),
            threads=threads,
            progress=lambda step: show(step, 0, None),
        )
    figures = made.figures
    compared = f"{figures['compared_pictures']} {'drawn pictures' if figures['drawn'] else 'previews'}"
    sizes = f"{made.model.size / _MB:,.0f} MB ({model.size / _MB:,.0f} before)"
    say(f"{made.model.name} lies in {made.model.folder}, {sizes}")
    say(f"cosine to {name}, lowest of {compared}: {figures['pictures']:.6f}")
    say(f"cosine to {name}, lowest of {figures['compared_texts']} texts: {figures['texts']:.6f}")
    if is_int8:
        say(f"in int8: {figures['int8_pictures']:.6f} of pictures, {figures['int8_texts']:.6f} of texts")


def _some_previews(state: Path) -> list[Path]:
    """Up to _COMPARED previews of the library, from all over it as their contents' digests are."""
    thumbnails = Thumbnails(state / "thumbs")
    found = (
        thumbnails.path_of(content, PREVIEW_PX)
        for number in range(SHARDS)
        for content, kept in thumbnails.shard(number).items()
        if PREVIEW_PX in kept
    )
    return list(itertools.islice(found, _COMPARED))


@command.command("verify")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--threads", type=click.IntRange(1, 256), default=1, show_default=True, help="Threads for the trial.")
@common_options
def verify(invocation: Invocation, *, name: str | None, as_json: bool, threads: int) -> None:
    """Compare the files of the model NAME, or of all, with their checksums, and try whether it works.

    The checksums of a model that was put there by hand are written down the first time. Exits 4 when one fails.
    """
    models = [model for model in folder.installed(invocation.settings.models.folder) if name in {None, model.name}]
    if name is not None and not models:
        raise UsageError(f"there is no model {name} in {invocation.settings.models.folder}")
    verdicts = []
    with progress("verifying") as show:
        for number, model in enumerate(models):
            show(model.name, number, len(models))
            verdicts.append((model, *_verdict(model, threads)))
    if as_json:
        say_json([_described(model) | {"problems": found, "trial": trial} for model, found, trial in verdicts])
    else:
        for model, found, trial in verdicts:
            say(f"{model.purpose} model {model.name}: {'; '.join(found) or trial}")
    if failed := [model.name for model, found, _ in verdicts if found]:
        raise PartlyDone(f"not as they should be: {', '.join(failed)}")


def _verdict(model: Installed, threads: int) -> tuple[list[str], str]:
    """What is wrong with it, and what came of the trial."""
    problems = sums.differences(model)
    if problems:
        return problems, "not tried"
    if model.purpose is Purpose.CAPTIONS:
        return [], "its files are as they were; nothing here can try it yet"
    said = canary.sing(model, threads=threads)
    if "error" in said:
        return [str(said["error"])], "failed"
    works = f"works: {said['dimension']} dimensions, on {said['runs_on']}"
    return [], f"{works} ({model.about})" if model.about else works


def _described(model: Installed) -> dict[str, object]:
    return {
        "purpose": model.purpose,
        "name": model.name,
        "layout": model.layout,
        "about": model.about,
        "bytes": model.size,
        "folder": str(model.folder),
    }


def _cells(model: Installed) -> tuple[str, str, str, str, str]:
    return model.purpose, model.name, _RUN_BY[model.layout], f"{model.size / _MB:,.0f}", model.about
