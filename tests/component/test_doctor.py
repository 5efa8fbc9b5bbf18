"""The doctor's checks, each on surroundings made for it, with real folders and real child processes."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import re
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contrib.demo_model.laid_out import lay_out
from photofsd.config.load import Overrides, load
from photofsd.config.schema import Settings
from photofsd.daemon import doctor, probe
from photofsd.daemon.doctor import MODULES, System, examine
from photofsd.daemon.finding import Finding
from photofsd.daemon.probe import Sight
from tests.component import tiny_clip, tiny_faces
from tests.writable import copied

Examine = Callable[..., dict[str, Finding]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings under which nothing is wrong."""
    for name in ("photos/2024", "photos/2025", "state"):
        (tmp_path / name).mkdir(parents=True)
    text = f'state = "state"\n[library]\nfolders = ["photos"]\n[mount]\npoint = "{tmp_path}/tree"\n'
    text += '[models]\nfolder = "models"\n'
    return _settings(tmp_path, text)


@pytest.fixture
def system(tmp_path: Path) -> System:
    """A system under which nothing is wrong."""
    (tmp_path / "inotify").mkdir()
    (tmp_path / "inotify" / "max_user_watches").write_text("8192\n")
    (tmp_path / "fuse.conf").write_text("# comment\nuser_allow_other\n")
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
    return System(Path("/dev/null"), tmp_path / "fuse.conf", tmp_path / "inotify", mountinfo)


def _settings(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "photofsd.toml").write_text(text)
    return load(Overrides(config=tmp_path / "photofsd.toml"), environ={}).settings


def _findings(settings: Settings, system: System) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine(settings, system)}


def _mounted(system: System, point: Path, file_system: str) -> None:
    with system.mountinfo.open("a") as file:
        file.write(f"40 22 0:35 / {point} rw - {file_system} source rw\n")


def test_where_nothing_is_wrong_nothing_is_found(settings: Settings, system: System) -> None:
    findings = _findings(settings, system)
    assert {finding.level for finding in findings.values()} == {"ok"}, findings
    assert findings["inotify"].text == "3 folders to watch, 8192 can be watched"
    assert findings["daemon"].text == "not running"


def test_every_dependency_is_tried() -> None:
    required = importlib.metadata.requires("photofsd") or []
    names = {re.split(r"[^\w.-]", line)[0].lower() for line in required if "extra ==" not in line}
    assert names == MODULES.keys()


def test_a_package_that_cannot_be_imported_is_a_problem(
    settings: Settings, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)
    finding = _findings(settings, system)["python"]
    assert finding.level == "problem"
    assert finding.text.startswith("rich cannot be imported: ")


def test_a_missing_fuse_device_is_a_problem(settings: Settings, system: System, tmp_path: Path) -> None:
    finding = _findings(settings, system._replace(fuse_device=tmp_path / "fuse"))["fuse device"]
    assert (finding.level, finding.text) == ("problem", f"{tmp_path}/fuse is missing")


def test_a_missing_fusermount_is_a_problem(
    settings: Settings, system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _findings(settings, system)["fusermount3"].level == "problem"


@pytest.mark.parametrize(
    "conf, level", [("user_allow_other\n", "ok"), ("#user_allow_other\n", "problem"), (None, "problem")]
)
def test_allow_other_needs_a_line_in_fuse_conf_unless_root(
    tmp_path: Path, settings: Settings, system: System, monkeypatch: pytest.MonkeyPatch, conf: str | None, level: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    settings = _settings(tmp_path, f'state = "state"\n[mount]\npoint = "{tmp_path}/tree"\nallow_other = true\n')
    system.fuse_conf.unlink()
    if conf is not None:
        system.fuse_conf.write_text(conf)
    assert _findings(settings, system)["allow_other"].level == level


def test_a_mount_whose_daemon_is_dead_is_a_problem(settings: Settings, system: System) -> None:
    _mounted(system, settings.mount.point, "fuse.photofsd")
    finding = _findings(settings, system)["mount point"]
    assert (finding.level, finding.advice) == ("problem", "photofsd unmount")


def test_something_else_at_the_mount_point_is_a_problem(settings: Settings, system: System) -> None:
    _mounted(system, settings.mount.point, "nfs4")
    assert _findings(settings, system)["mount point"].text == f"nfs4 is mounted at {settings.mount.point}"


def test_a_mount_point_that_is_no_folder_is_a_problem(settings: Settings, system: System) -> None:
    settings.mount.point.write_text("")
    assert _findings(settings, system)["mount point"].text == f"{settings.mount.point}: Not a directory"


def test_few_open_files_are_a_warning(settings: Settings, system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (256, 1024))
    assert _findings(settings, system)["open files"].level == "warning"


@pytest.mark.parametrize(
    "file_system, level, text",
    [
        ("nfs4", "problem", "on nfs4, where the store would break"),
        ("fuse.sshfs", "problem", "on fuse.sshfs, where the store would break"),
        ("virtiofs", "warning", "on virtiofs: the store holds as long as no other machine opens it"),
        ("fuse.mergerfs", "ok", "MB are free, on fuse.mergerfs"),
    ],
)
def test_a_state_folder_on_a_file_system_that_others_share_is_told(
    settings: Settings, system: System, monkeypatch: pytest.MonkeyPatch, file_system: str, level: str, text: str
) -> None:
    sight = Sight(str(settings.state), is_writable=True, free_mb=5000)
    monkeypatch.setattr(doctor, "probe", lambda _folder, _marker="": sight)
    _mounted(system, settings.state, file_system)
    finding = doctor._state(settings, system)
    assert finding.level == level
    assert text in finding.text


@pytest.mark.parametrize("free_mb, level", [(150, "problem"), (1500, "warning"), (5000, "ok")])
def test_little_room_for_the_state_is_told(
    settings: Settings, system: System, monkeypatch: pytest.MonkeyPatch, free_mb: int, level: str
) -> None:
    sight = Sight(str(settings.state), is_writable=True, free_mb=free_mb)
    monkeypatch.setattr(doctor, "probe", lambda _folder, _marker="": sight)
    assert doctor._state(settings, system).level == level


def test_a_state_folder_that_does_not_exist_yet_is_judged_by_its_parent(
    tmp_path: Path, settings: Settings, system: System
) -> None:
    settings = _settings(tmp_path, 'state = "state/not/yet"')
    assert doctor._state(settings, system).level == "ok"


def test_a_library_without_its_marker_is_a_problem_until_it_is_there(
    tmp_path: Path, settings: Settings, system: System
) -> None:
    text = f'state = "state"\n[library]\nfolders = ["photos"]\nmarker = ".online"\n[mount]\npoint = "{tmp_path}/tree"\n'
    settings = _settings(tmp_path, text)
    assert _findings(settings, system)["library"].level == "problem"
    (tmp_path / "photos" / ".online").touch()
    assert _findings(settings, system)["library"].level == "ok"


def test_a_library_on_the_network_is_scanned_not_watched(settings: Settings, system: System) -> None:
    _mounted(system, settings.library.folders[0], "nfs4")
    assert "on nfs4: changes show after the scan interval (" in _findings(settings, system)["library"].text


def test_more_folders_than_can_be_watched_are_a_warning(settings: Settings, system: System) -> None:
    (system.inotify / "max_user_watches").write_text("3\n")
    finding = _findings(settings, system)["inotify"]
    assert (finding.level, finding.advice) == ("warning", "sysctl fs.inotify.max_user_watches=6")


def test_a_folder_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "ANSWER_TIMEOUT_S", 0.1)
    hangs = (sys.executable, "-c", "import time; time.sleep(600)")
    assert probe.probe(tmp_path, program=hangs) is None


def test_a_probe_sees_through_symbolic_links(tmp_path: Path) -> None:
    (tmp_path / "real" / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    sight = probe.probe(tmp_path / "link")
    assert sight is not None
    assert (sight.real, sight.error, sight.is_empty, sight.folders) == (str(tmp_path / "real"), None, False, 2)


def test_a_probe_imports_nothing_from_the_folder_that_the_user_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    assert probe.probe(tmp_path) is not None


def test_a_library_that_does_not_answer_is_a_problem(settings: Settings, system: System) -> None:
    folder = settings.library.folders[0]
    finding = doctor._library(settings, folder, None, system)
    assert (finding.level, finding.text) == ("problem", f"{folder} does not answer")


def test_without_a_model_the_doctor_says_what_one_would_bring(settings: Settings, system: System) -> None:
    finding = _findings(settings, system)["image-text model"]
    assert finding.level == "ok"
    assert "not what photos show" in finding.text
    assert finding.advice.startswith("photofsd models install ")


def test_a_model_is_tried_and_what_runs_it_is_said(settings: Settings, system: System, test_models: Path) -> None:
    copied(test_models / "clip", settings.models.folder / "clip")
    finding = _findings(settings, system)["image-text model"]
    assert finding.level == "ok"
    assert finding.text.endswith("384 dimensions, on ONNX Runtime, CPUExecutionProvider")


def test_the_demo_model_says_to_the_doctor_what_it_is(settings: Settings, system: System) -> None:
    pytest.importorskip("torch", reason="what runs open_clip's models is not installed: pip install 'photofsd[ml]'")
    lay_out(settings.models.folder)
    assert "(DEMO MODEL: " in _findings(settings, system)["image-text model"].text


def test_a_pack_for_faces_is_tried_as_well(settings: Settings, system: System) -> None:
    finding = _findings(settings, system)["face model"]
    assert (finding.level, finding.advice) == ("ok", "photofsd models install buffalo_l")
    pack = tiny_faces.make(settings.models.folder, "tiny")
    assert _findings(settings, system)["face model"].text.startswith("tiny: 16 dimensions, on ONNX Runtime")
    (pack / "det.onnx").write_bytes(b"no model")
    finding = _findings(settings, system)["face model"]
    assert (finding.level, "det.onnx is no model of ONNX" in finding.text) == ("problem", True)
    wanted = dataclasses.replace(settings, models=dataclasses.replace(settings.models, faces="another"))
    assert _findings(wanted, system)["face model"].advice == "correct models.faces"


def test_a_model_that_does_not_run_is_a_problem(settings: Settings, system: System) -> None:
    tiny_clip.make(settings.models.folder, "tiny")  # it knows no words
    assert _findings(settings, system)["image-text model"].level == "problem"
    wanted = dataclasses.replace(settings, models=dataclasses.replace(settings.models, clip="another"))
    finding = _findings(wanted, system)["image-text model"]
    assert (finding.level, finding.advice) == ("problem", "correct models.clip")


def test_two_builds_of_what_runs_models_are_told_of(
    settings: Settings, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "model runtime" not in _findings(settings, system)
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "1.0")
    assert _findings(settings, system)["model runtime"].level == "warning"
