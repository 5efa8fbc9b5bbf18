"""Open a folder of photos in real file managers and a viewer, without a screen, and take pictures of what they show.

    python tests/mount/desktop.py FOLDER OUT [--picture FILE] [--programs thunar pcmanfm nautilus ristretto]

FOLDER is any folder with photos, best one of a mount (photos/by-date/2024/all); OUT gets one PNG a program. Prints a
line a program, keeps what it said in OUT/<program>.log, and exits 0 when each showed a window with pictures in it: many
more colours than icons and text have.

With --rename OLD NEW, the file managers show the entry OLD of the folder, and it is renamed in them as users do it: F2,
the new name, Enter; then FOLDER/NEW has to be there, or what --leads-to names instead.

    python tests/mount/desktop.py photos/people/unknown OUT --rename person-0001 Alice --leads-to photos/people/Alice

What is renamed is gone for the next program: name one with --programs.

Needs, on Debian (with --no-install-recommends):
    xvfb xdotool imagemagick dbus-x11 libglib2.0-bin adwaita-icon-theme
    thunar tumbler pcmanfm nautilus libgdk-pixbuf2.0-bin bubblewrap ristretto

Each runs on an X server, a session bus and in a home of its own, so that no program finds the thumbnails of another,
and neither settings nor thumbnails of the person who runs this are used or changed. All of it is ended at the end.
HEIC gets thumbnails only where the system has a loader for it (heif-gdk-pixbuf).
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SCREEN = "1280x900x24"
SIZE = ("1240", "860")
WINDOW_TIMEOUT_S = 40.0
THUMBNAILS_TIMEOUT_S = 90.0
STILL_S = 4.0
POLL_S = 0.5
COLOURS_OF_PICTURES = 8000  # icons and text have 2500 to 4000, twenty small thumbnails 28,000
INSIDE = "PHOTOFSD_DESKTOP_INSIDE"
FILE_MANAGER = ("--dest", "org.freedesktop.FileManager1", "--object-path", "/org/freedesktop/FileManager1")
SHOW_ITEMS = ("gdbus", "call", "--session", *FILE_MANAGER, "--method", "org.freedesktop.FileManager1.ShowItems")


@dataclasses.dataclass(frozen=True)
class Program:
    """How to start it, and whether on the folder or on a picture."""

    command: tuple[str, ...]
    is_viewer: bool = False


PROGRAMS = {
    "thunar": Program(("thunar",)),
    "pcmanfm": Program(("pcmanfm", "--no-desktop")),
    "nautilus": Program(("nautilus", "--new-window")),
    "ristretto": Program(("ristretto",), is_viewer=True),
}


def main() -> int:
    """Show the folder in each program; 0 when all is well."""
    arguments = _arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if INSIDE in os.environ:
        name = arguments.programs[0]
        return _rename(name, arguments) if arguments.rename else _look(name, arguments)
    with _x_server() as display:
        return max(_in_a_session(name, arguments.out, display=display) for name in arguments.programs)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=lambda text: Path(text).absolute())
    parser.add_argument("out", type=lambda text: Path(text).absolute())
    parser.add_argument("--picture", type=lambda text: Path(text).absolute(), help="what the viewer opens")
    parser.add_argument("--programs", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--rename", nargs=2, metavar=("OLD", "NEW"), help="rename that entry of the folder")
    parser.add_argument("--leads-to", type=lambda text: Path(text).absolute(), help="what is there afterwards")
    arguments = parser.parse_args()
    if arguments.picture is None:
        pictures = (path for path in sorted(arguments.folder.iterdir()) if path.suffix.lower() in {".jpg", ".jpeg"})
        arguments.picture = next(pictures, None)
    if arguments.picture is None and not arguments.rename:
        parser.exit(2, f"{arguments.folder} holds no JPEG: name one with --picture\n")
    tools = (
        "Xvfb",
        "xdotool",
        "import",
        "dbus-run-session",
        "gdbus",
        *(PROGRAMS[name].command[0] for name in arguments.programs),
    )
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if not arguments.folder.is_dir():
        parser.exit(2, f"{arguments.folder} is no folder\n")
    if missing:
        parser.exit(2, f"these programs are missing: {' '.join(missing)} (see --help)\n")
    return arguments


# ---- a session of its own for each program ----


def _in_a_session(name: str, out: Path, *, display: str) -> int:
    """Run this script again for one program, with a session bus and a home of its own."""
    with tempfile.TemporaryDirectory(prefix="photofsd-desktop-") as home, (out / f"{name}.log").open("wb") as log:
        script = [sys.executable, *sys.argv, "--programs", name]
        session = subprocess.Popen(
            ["dbus-run-session", "--", *script],
            env=_environment(Path(home), display),
            stderr=log,
            start_new_session=True,
        )
        try:
            return session.wait()
        finally:
            _end_group(session)


def _environment(home: Path, display: str) -> dict[str, str]:
    folders = {
        "XDG_CACHE_HOME": "cache",
        "XDG_CONFIG_HOME": "config",
        "XDG_DATA_HOME": "data",
        "XDG_RUNTIME_DIR": "run",
    }
    for name in folders.values():
        (home / name).mkdir(mode=0o700)
    _settings(home / "config")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("WAYLAND", "DBUS"))},
        **{name: str(home / folder) for name, folder in folders.items()},
        "HOME": str(home),
        "DISPLAY": display,
        "GDK_BACKEND": "x11",
        "GSK_RENDERER": "cairo",  # no graphics card here
        "GTK_A11Y": "none",
        "NO_AT_BRIDGE": "1",
        "GSETTINGS_BACKEND": "memory",
        "GIO_USE_VFS": "local",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        INSIDE: "1",
    }


def _settings(config: Path) -> None:
    """PCManFM makes no thumbnails of what it takes for a remote place, nor of files over 2 MB, unless it is told to."""
    (config / "libfm").mkdir()
    (config / "libfm" / "libfm.conf").write_text(
        "[config]\nthumbnail_local=0\nthumbnail_max=20480\n[ui]\nshow_thumbnail=1\nbig_icon_size=96\n"
    )


@contextlib.contextmanager
def _x_server() -> Iterator[str]:
    read_end, write_end = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end), "-screen", "0", SCREEN, "-nolisten", "tcp"],
        pass_fds=[write_end],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(write_end)
    try:
        with os.fdopen(read_end) as answer:
            number = answer.readline().strip()
        if not number:
            sys.exit("Xvfb did not start")
        yield f":{number}"
    finally:
        _end_group(server)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(3)


# ---- looking ----


def _look(name: str, arguments: argparse.Namespace) -> int:
    """Show the folder, or a picture; 0 when the window has pictures in it."""
    program, shown = PROGRAMS[name], arguments.out / f"{name}.png"
    with _running(name, arguments.picture if program.is_viewer else arguments.folder) as said:
        _wait_until_still(shown)
    colours = int(_run("identify", "-format", "%k", shown))
    pictures = "pictures" if colours >= COLOURS_OF_PICTURES else "NO PICTURES"
    print(f"{name}: {said}, {pictures} ({colours} colours), {_count_thumbnails()} thumbnails kept: {shown}", flush=True)
    return 0 if said.window and colours >= COLOURS_OF_PICTURES else 1


def _rename(name: str, arguments: argparse.Namespace) -> int:
    """Rename an entry in the file manager; 0 when it leads to where it should. Leaves pictures of before and after."""
    old, new = (arguments.folder / part for part in arguments.rename)
    if not old.exists():
        print(f"{name}: NOT RENAMED: there is no {old}", flush=True)
        return 1
    there = arguments.leads_to or new
    with _running(name, arguments.folder) as said:
        known = _windows(name)
        _run(*SHOW_ITEMS, f"['{old.as_uri()}']", "")
        for keys in (("key", "F2"), ("key", "ctrl+a"), ("type", new.name), ("key", "Return")):
            _wait_until_still(arguments.out / f"{name}-before.png")
            known += _focus([window for window in _windows(name) if window not in known])
            _run("xdotool", *keys)
        _wait_until_still(arguments.out / f"{name}-after.png")
    is_done = there.exists() and not old.exists()
    print(
        f"{name}: {said}, {'renamed' if is_done else 'NOT RENAMED'}: {arguments.out / f'{name}-after.png'}", flush=True
    )
    return 0 if said.window and is_done else 1


@dataclasses.dataclass(frozen=True)
class _Window:
    """The window of a program, None where there was none within the time, and how long it took."""

    window: str | None
    seconds: float

    def __str__(self) -> str:
        return f"window after {self.seconds:.1f} s" if self.window else f"NO WINDOW in {WINDOW_TIMEOUT_S:.0f} s"


@contextlib.contextmanager
def _running(name: str, path: Path) -> Iterator[_Window]:
    """The program on that folder or picture, its window as large as the screen."""
    started = time.monotonic()
    process = subprocess.Popen([*PROGRAMS[name].command, path], stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        window = _wait_for_window(name)
        window_s = time.monotonic() - started
        if window:
            _run("xdotool", "windowmove", window, "10", "10")
            _run("xdotool", "windowsize", window, *SIZE)
        yield _Window(window, window_s)
    finally:
        _end_group(process)


def _wait_for_window(name: str) -> str | None:
    """The largest visible window of a program, as soon as there is one."""
    deadline = time.monotonic() + WINDOW_TIMEOUT_S
    while time.monotonic() < deadline:
        large = [window for window in _windows(name) if _area(window) > 40_000]
        if large:
            return max(large, key=_area)
        time.sleep(POLL_S)
    return None


def _windows(name: str) -> list[str]:
    """The visible windows of a program."""
    return _run("xdotool", "search", "--onlyvisible", "--class", name).split()


def _focus(appeared: list[str]) -> list[str]:
    """Let the largest of these windows have the keys, as a window manager would; all of them."""
    if appeared:
        _run("xdotool", "windowfocus", "--sync", max(appeared, key=_area))
    return appeared


def _area(window: str) -> int:
    shape = dict(line.split("=", 1) for line in _run("xdotool", "getwindowgeometry", "--shell", window).split())
    return int(shape.get("WIDTH", 0)) * int(shape.get("HEIGHT", 0))


def _wait_until_still(picture: Path) -> None:
    """Take pictures of the screen until neither it nor the thumbnails have changed for a while."""
    deadline = time.monotonic() + THUMBNAILS_TIMEOUT_S
    state, since = None, time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - since < STILL_S:
        _run("import", "-silent", "-window", "root", picture)
        now = (hashlib.blake2b(picture.read_bytes()).digest(), _count_thumbnails())
        if now != state:
            state, since = now, time.monotonic()
        time.sleep(POLL_S)


def _count_thumbnails() -> int:
    """Thumbnails kept in the caches, old place and new, but those that say "could not be made"; PCManFM keeps none."""
    home = Path(os.environ["HOME"])
    folders = (home / ".thumbnails", Path(os.environ["XDG_CACHE_HOME"]) / "thumbnails")
    return sum("fail" not in path.parts for folder in folders for path in folder.rglob("*.png"))


def _run(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


if __name__ == "__main__":
    sys.exit(main())
