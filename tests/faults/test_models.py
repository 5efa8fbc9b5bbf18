"""Image-text models under a real daemon: one that comes, goes, is exchanged; processes that are killed meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from pyroaring import BitMap

from photofsd.daemon.client import ask
from photofsd.daemon.commands import Reload, Stages
from photofsd.models.folder import Purpose, chosen
from photofsd.store import embeddings, facets
from photofsd.store.env import Store
from photofsd.types import Facet
from tests.component import tiny_clip, tiny_faces
from tests.faults.home import LIMIT_S, Home
from tests.writable import copied

PHOTOS = 60


def fill(home: Home) -> None:
    for number in range(PHOTOS):
        Image.new("RGB", (64, 48), (number * 4, 255 - number * 3, number * 2)).save(home.folder / f"{number:02}.jpg")


def waiting(home: Home) -> str:
    return home.health()["stages"]["clip"]["waiting"] or ""


def rows_in(home: Home) -> dict[str, BitMap]:
    """Which vectors count, by model, as the store has it."""
    store = Store.open(home.state / "store", readonly=True)
    try:
        with store.read() as txn:
            found = {value: facets.bitmap(txn, Facet.EMBEDDED, value) for value in facets.values(txn, Facet.EMBEDDED)}
            assert embeddings.answering(txn).encode() in {b"", *found}
            return {value.decode(): members for value, members in found.items()}
    finally:
        store.close()


def check(home: Home) -> str:
    """What `photofsd check` says."""
    command = [sys.executable, "-m", "photofsd", "check", "--state", str(home.state)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_S).stdout


def test_a_model_that_comes_is_found_and_one_that_goes_is_waited_for(make_home: Callable[..., Home]) -> None:
    home = make_home()
    fill(home)
    home.start()
    home.rest()  # although all photos wait for a model
    assert "photofsd models install" in waiting(home)
    assert home.health()["index"]["vectors"] == 0
    assert "photofsd models install" in (home.mount / ".photofsd/README").read_text()
    assert "photofsd models install" in (home.mount / ".photofsd/status").read_text()
    tiny_clip.make(home.models, "tiny")
    home.rest()
    assert home.done("clip") == home.health()["index"]["vectors"] == PHOTOS
    assert not waiting(home)
    assert "models install ViT" not in (home.mount / ".photofsd/README").read_text()
    (home.models / "clip/tiny").rename(home.models / "away")
    home.until(lambda: "no image-text model is installed" in waiting(home))
    assert home.health()["index"]["vectors"] == PHOTOS
    home.end()
    assert check(home) == "the store is clean\n"


def test_a_pack_that_comes_finds_faces_and_a_row_that_is_torn_is_named(make_home: Callable[..., Home]) -> None:
    home = make_home()
    for number, colours in enumerate((("blue",), ("lime", "blue"), ())):
        tiny_faces.picture(*colours).save(home.folder / f"{number}.jpg", quality=95)
    home.start()
    home.rest()
    assert "photofsd models install buffalo_l" in (home.health()["stages"]["faces"]["waiting"] or "")
    pack = tiny_faces.make(home.models, "tiny")
    home.rest()
    assert (home.done("faces"), home.health()["people"]["faces"]) == (3, 3)
    home.end()
    assert check(home) == "the store is clean\n"
    (rows,) = (home.state / "vectors").glob(f"{pack.name}-*/faces.f16")
    with rows.open("r+b") as file:
        file.seek(2 * tiny_faces.DIMENSION * 2)
        file.write(b"\xff\xff\xff")
    assert check(home) == f"vectors {rows.parent.name} faces.f16 2: the row is torn; a running daemon makes it again\n"
    home.start()
    home.rest()
    home.until(lambda: check(home) == "the store is clean\n")
    assert home.health()["people"]["faces"] == 3
    home.end()


def test_a_pack_that_tells_nobody_apart_moves_nobody_and_the_good_one_goes_on_as_before(
    make_home: Callable[..., Home],
) -> None:
    home = make_home(models__faces="tiny")
    colours = ("blue", "lime", "white")
    for number in range(4):
        for colour in colours:
            _portrait(home, colour, number)
    tiny_faces.make(home.models, "tiny")
    tiny_faces.make(home.models, "alike", alike=10)
    home.start()
    people = home.mount / "people"
    home.until(lambda: len(home.names("people/unknown")) == len(colours))
    for folder in list((people / "unknown").iterdir()):
        folder.rename(people / min(os.listdir(folder)).split("-")[0])
    before = {colour: home.names(f"people/{colour}") for colour in colours}
    assert [len(photos) for photos in before.values()] == [4, 4, 4]

    def use(pack: str) -> None:
        home.configure(models__faces=pack)
        assert ask(home.state, Reload(), timeout_s=LIMIT_S)["applied"] == ["models.faces"]

    use("alike")
    home.until(lambda: "does not tell people apart" in "".join(home.health()["alerts"]))
    _portrait(home, "blue", 4)
    home.until(lambda: home.done("faces") == 13)
    home.rest()
    assert {colour: home.names(f"people/{colour}") for colour in colours} == before
    assert home.names("people/unknown") == []
    assert "does not tell people apart" in home.log.read_text()
    use("tiny")
    home.until(lambda: home.names("people/blue") == [*before["blue"], "blue-4.jpg"])
    home.rest()
    assert home.health()["alerts"] == []
    assert {colour: home.names(f"people/{colour}")[:4] for colour in colours} == before
    home.end()
    assert check(home) == "the store is clean\n"


def _portrait(home: Home, colour: str, number: int) -> None:
    drawn = tiny_faces.picture(colour)
    drawn.putpixel((600, 10 + number), (255, 255, 255))
    drawn.save(home.folder / f"{colour}-{number}.jpg", quality=95)


def test_another_model_is_taken_into_use_on_reload(make_home: Callable[..., Home]) -> None:
    home = make_home(models__clip="first")
    fill(home)
    for seed, name in enumerate(("first", "second")):
        tiny_clip.make(home.models, name, seed=seed)
    home.start()
    home.rest()
    first, second = (model.id for name in ("first", "second") if (model := chosen(home.models, Purpose.CLIP, name)))
    home.configure(models__clip="second")
    assert ask(home.state, Reload(), timeout_s=LIMIT_S)["applied"] == ["models.clip"]
    home.rest()
    home.until(lambda: not (home.state / "vectors" / first).exists())
    home.end()
    assert {model: len(rows) for model, rows in rows_in(home).items()} == {second: PHOTOS}
    assert check(home) == "the store is clean\n"


def test_whoever_is_killed_while_photos_are_embedded_nothing_that_counts_is_lost(
    make_home: Callable[..., Home],
) -> None:
    home = make_home(models__batch_max=2)
    fill(home)
    home.start()
    home.rest()
    ask(home.state, Stages(action="pause", stage="clip"), timeout_s=LIMIT_S)
    tiny_clip.make(home.models, "tiny")
    home.rest()
    ask(home.state, Stages(action="resume", stage="clip"), timeout_s=LIMIT_S)
    home.until(lambda: home.done("clip") > 0)
    assert home.process is not None
    for child in children(home.process.pid, "model_child"):
        os.kill(child, signal.SIGKILL)
    home.until(lambda: home.done("clip") > PHOTOS // 3)
    home.kill()
    before = sum(len(rows) for rows in rows_in(home).values())
    assert before > PHOTOS // 3
    assert check(home) == "the store is clean\n"
    home.start()
    home.rest()
    assert home.health()["index"]["vectors"] == PHOTOS
    home.end()
    assert check(home) == "the store is clean\n"


def children(parent: int, module: str) -> list[int]:
    listed = subprocess.run(["ps", "--ppid", str(parent), "-o", "pid=,args="], capture_output=True, check=False)
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if module.encode() in line]


def test_check_names_a_vector_that_is_torn_and_the_next_start_makes_it_again(make_home: Callable[..., Home]) -> None:
    home = make_home()
    fill(home)
    model = tiny_clip.make(home.models, "tiny")
    home.start()
    home.rest()
    home.end()
    installed = chosen(home.models, Purpose.CLIP, model.name)
    assert installed is not None
    with (home.state / "vectors" / installed.id / "image.f16").open("r+b") as file:
        file.seek(7 * 2 * tiny_clip.DIMENSION)
        file.write(b"torn")
    assert check(home) == f"vectors {installed.id} image.f16 7: the row is torn; a running daemon makes it again\n"
    home.start()
    home.until(lambda: "missing or torn" in home.log.read_text())
    home.rest()
    home.end()
    assert check(home) == "the store is clean\n"


def test_a_real_model_embeds_real_photos(make_home: Callable[..., Home], test_models: Path, test_data: Path) -> None:
    home = make_home()
    photos = sorted((test_data / "Photos").rglob("*.jpg"))[:40]
    for number, path in enumerate(photos):
        copied(path, home.folder / f"{number}.jpg")
    copied(test_models / "clip", home.models / "clip")
    home.start()
    home.rest()
    health = home.health()
    assert health["index"]["vectors"] == health["photos"] > 0
    home.end()
    assert check(home) == "the store is clean\n"
