"""What around the daemon may stand in its way: each check looks at one thing and says what to do about it."""

from __future__ import annotations

import errno
import importlib
import os
import resource
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from photofsd.config.schema import Settings
from photofsd.daemon.client import ask, connect
from photofsd.daemon.commands import Ping
from photofsd.daemon.doctor_models import examine_models
from photofsd.daemon.finding import Finding, Level
from photofsd.daemon.probe import Sight, probe
from photofsd.errors import DaemonNotRunning, PhotofsdError
from photofsd.mounts import MOUNTINFO, OUR_FILE_SYSTEM, mount_at, mount_of, mounts, real_point

MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "av": "av",
        "blake3": "blake3",
        "click": "click",
        "defusedxml": "defusedxml",
        "lmdb": "lmdb",
        "msgspec": "msgspec",
        "numpy": "numpy",
        "pillow": "PIL.Image",
        "pillow-heif": "pillow_heif",
        "pillow-jxl-plugin": "pillow_jxl",
        "pycountry": "pycountry",
        "pyfuse3": "pyfuse3",
        "pyroaring": "pyroaring",
        "rawpy": "rawpy",
        "reverse_geocoder": "reverse_geocoder",
        "rich": "rich",
        "trio": "trio",
        "watchdog": "watchdog",
    }
)
"""Every distribution that photofsd needs, and the module to try it by."""

OPEN_FILES_MIN: Final = 4096
FREE_MIN_MB: Final = 200
FREE_GOOD_MB: Final = 2000
WATCHES_USABLE: Final = 0.9
SAFE_FOR_ONE_MACHINE: Final = frozenset({"gfs2", "ocfs2", "virtiofs"})
"""File systems that several machines may share and that keep locks and memory maps right within each."""

ANSWER_TIMEOUT_S: Final = 5.0


class System(NamedTuple):
    """Where the system keeps what the checks read."""

    fuse_device: Path = Path("/dev/fuse")
    fuse_conf: Path = Path("/etc/fuse.conf")
    inotify: Path = Path("/proc/sys/fs/inotify")
    mountinfo: Path = MOUNTINFO


def examine(settings: Settings, system: System | None = None) -> Iterator[Finding]:
    """Every check, one after the other."""
    system = system or System()
    sights = {folder: probe(folder, settings.library.marker) for folder in settings.library.folders}
    yield from _modules()
    yield _fuse_device(system)
    yield _fusermount()
    yield _allow_other(settings, system)
    yield _mount_point(settings, system)
    yield _open_files()
    yield _state(settings, system)
    if not sights:
        yield Finding("library", "problem", "no library folder is set", "pass --library DIR or set library.folders")
    for folder, sight in sights.items():
        yield _library(settings, folder, sight, system)
    yield _inotify(settings, sights, system)
    yield from examine_models(settings)
    yield _daemon(settings)


def _modules() -> Iterator[Finding]:
    """Import everything that is needed: a package may be there and its library not."""
    broken = False
    for distribution, module in MODULES.items():
        try:
            importlib.import_module(module)
        except (ImportError, OSError) as error:
            broken = True
            yield Finding(
                "python", "problem", f"{distribution} cannot be imported: {error}", "pip install photofsd again"
            )
    if not broken:
        yield Finding("python", "ok", f"{len(MODULES)} packages can be imported")


def _fuse_device(system: System) -> Finding:
    device = system.fuse_device
    if not (device.exists() and stat.S_ISCHR(device.stat().st_mode)):
        return Finding(
            "fuse device", "problem", f"{device} is missing", "modprobe fuse; pass the device to a container"
        )
    if not os.access(device, os.R_OK | os.W_OK):
        return Finding("fuse device", "problem", f"{device} may not be opened", f"chmod 666 {device}")
    return Finding("fuse device", "ok", f"{device} can be opened")


def _fusermount() -> Finding:
    program = shutil.which("fusermount3")
    if program is None:
        return Finding("fusermount3", "problem", "fusermount3 is missing", "install the package fuse3")
    if os.geteuid() != 0 and not os.stat(program).st_mode & stat.S_ISUID:
        return Finding("fusermount3", "problem", f"{program} is not setuid root", f"chmod u+s {program}")
    return Finding("fusermount3", "ok", program)


def _allow_other(settings: Settings, system: System) -> Finding:
    if not settings.mount.allow_other or os.geteuid() == 0:
        return Finding("allow_other", "ok", "not needed")
    lines = system.fuse_conf.read_text(errors="replace").splitlines() if system.fuse_conf.exists() else []
    if "user_allow_other" in (line.strip() for line in lines):
        return Finding("allow_other", "ok", f"{system.fuse_conf} permits it")
    advice = f"add the line user_allow_other to {system.fuse_conf}"
    return Finding("allow_other", "problem", f"{system.fuse_conf} does not permit it", advice)


def _mount_point(settings: Settings, system: System) -> Finding:
    point = real_point(settings.mount.point)
    mount = mount_at(os.fsencode(point), mounts(system.mountinfo))
    if mount is not None and mount.file_system != OUR_FILE_SYSTEM:
        return Finding("mount point", "problem", f"{mount.file_system} is mounted at {point}", "choose another place")
    if mount is not None:
        return _our_mount(settings, point)
    sight = probe(point)
    if sight is None or sight.error not in {None, os.strerror(errno.ENOENT)}:
        return Finding("mount point", "problem", f"{point}: {_trouble(sight)}", "choose another place")
    if sight.error is None and not sight.is_empty:
        return Finding("mount point", "problem", f"{point} is not empty", "choose an empty or new folder")
    return Finding("mount point", "ok", f"{point} is free")


def _our_mount(settings: Settings, point: Path) -> Finding:
    try:
        connect(settings.state).close()
    except PhotofsdError:
        return Finding("mount point", "problem", f"{point} is mounted but its daemon is dead", "photofsd unmount")
    return Finding("mount point", "ok", f"the tree is mounted at {point}")


def _open_files() -> Finding:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < OPEN_FILES_MIN:
        advice = f"ulimit -Hn {OPEN_FILES_MIN}, or LimitNOFILE= in the unit"
        return Finding("open files", "warning", f"no more than {most} files can be open at once", advice)
    return Finding("open files", "ok", f"the limit is {'none' if most == resource.RLIM_INFINITY else most}")


def _state(settings: Settings, system: System) -> Finding:
    state = settings.state
    folder = next(folder for folder in (state, *state.parents) if os.access(folder, os.F_OK))
    sight = probe(folder)
    if sight is None or sight.error is not None:
        return Finding("state", "problem", f"{folder}: {_trouble(sight)}", "choose another place")
    file_system, is_remote = _file_system(sight, system)
    if is_remote and file_system not in SAFE_FOR_ONE_MACHINE:
        text = f"{folder} is on {file_system}, where the store would break"
        return Finding("state", "problem", text, "put the state on a local disk")
    if not sight.is_writable:
        return Finding("state", "problem", f"{folder} may not be written", "run as its owner, or choose another place")
    if sight.free_mb < FREE_GOOD_MB:
        level: Level = "warning" if sight.free_mb >= FREE_MIN_MB else "problem"
        return Finding("state", level, f"{sight.free_mb} MB are free at {folder}", "make room")
    if is_remote:
        text = f"{folder} is on {file_system}: the store holds as long as no other machine opens it"
        return Finding("state", "warning", text, "put the state on a local disk")
    return Finding("state", "ok", f"{state}: {sight.free_mb} MB are free, on {file_system}")


def _file_system(sight: Sight, system: System) -> tuple[str, bool]:
    """What a folder lies on, and whether others change it without our kernel hearing of it."""
    mount = mount_of(os.fsencode(sight.real), mounts(system.mountinfo))
    return ("an unknown file system", False) if mount is None else (mount.file_system, mount.is_remote)


def _trouble(sight: Sight | None) -> str:
    return "no answer" if sight is None else str(sight.error)


def _library(settings: Settings, folder: Path, sight: Sight | None, system: System) -> Finding:
    marker = settings.library.marker
    if sight is None:
        return Finding("library", "problem", f"{folder} does not answer", "look at the NAS and at the network")
    if sight.error is not None:
        return Finding("library", "problem", f"{folder}: {sight.error}", "mount it, or correct library.folders")
    if sight.is_empty:
        return Finding("library", "problem", f"{folder} is empty and counts as offline", "is the NAS mounted there?")
    if marker and not sight.has_marker:
        advice = f"make the file {folder / marker}, or mount the NAS"
        return Finding("library", "problem", f"{folder} holds no {marker} and counts as offline", advice)
    file_system, is_remote = _file_system(sight, system)
    if is_remote and settings.library.watch:
        text = f"{folder} is on {file_system}: changes show after the scan interval"
        return Finding("library", "ok", f"{text} ({settings.library.scan_interval_s:g} s)")
    return Finding("library", "ok", f"{folder} can be read, on {file_system}")


def _inotify(settings: Settings, sights: Mapping[Path, Sight | None], system: System) -> Finding:
    if not settings.library.watch:
        return Finding("inotify", "ok", "not needed: library.watch is off")
    counts = [sight.folders for sight in sights.values() if sight is not None and sight.error is None]
    limit = int((system.inotify / "max_user_watches").read_text(encoding="ascii"))
    if None in counts:
        return Finding("inotify", "ok", f"{limit} folders can be watched; too many are there to count them quickly")
    needed = sum(count or 0 for count in counts)
    if needed > limit * WATCHES_USABLE:
        advice = f"sysctl fs.inotify.max_user_watches={2 * needed}"
        return Finding("inotify", "warning", f"{needed} folders to watch, {limit} can be watched", advice)
    return Finding("inotify", "ok", f"{needed} folders to watch, {limit} can be watched")


def _daemon(settings: Settings) -> Finding:
    try:
        pong = ask(settings.state, Ping(), timeout_s=ANSWER_TIMEOUT_S)
    except DaemonNotRunning:
        return Finding("daemon", "ok", "not running")
    except PhotofsdError as error:
        return Finding("daemon", "problem", str(error), "look at its log; `photofsd unmount` ends it")
    return Finding("daemon", "ok", f"photofsd {pong['version']} is {pong['state']}, process {pong['pid']}")
