"""The program as a whole: exit codes, errors, help, settings, the doctor."""

from __future__ import annotations

import importlib
import json
import os
import pty
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from photofsd.cli.main import run
from photofsd.config.schema import SETTINGS

Program = Callable[..., subprocess.CompletedProcess[bytes]]


def test_help_names_every_command_without_importing_them(photofsd: Program) -> None:
    done = photofsd("--help")
    assert done.returncode == 0
    for word in (b"run", b"wait", b"status", b"scan", b"search", b"check", b"config", b"stages", b"doctor"):
        assert b"\n  " + word in done.stdout


def test_a_command_imports_nothing_that_it_does_not_need() -> None:
    heavy = {"trio", "msgspec", "lmdb", "pyfuse3", "numpy", "rich", "PIL", "pyroaring"}
    script = "import sys; import photofsd.cli.main, photofsd.cli.status; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert heavy.isdisjoint(done.stdout.split())


def test_the_version_is_printed(photofsd: Program) -> None:
    assert photofsd("--version").stdout.startswith(b"photofsd 0.")


@pytest.mark.parametrize(
    "words, hint",
    [
        (["statu"], b"did you mean 'status'?"),
        (["dance"], b"No such command 'dance'"),
        (["status", "--nonsense"], b"No such option"),
        (["wait", "--timeout", "-1"], b"Invalid value for '--timeout'"),
        (["wait", "--timeout", "soon"], b"Invalid value for '--timeout'"),
        (["stages", "burn"], b"No such command 'burn'"),
    ],
)
def test_wrong_usage_exits_2(photofsd: Program, words: list[str], hint: bytes) -> None:
    done = photofsd(*words)
    assert done.returncode == 2
    assert done.stdout == b""
    assert hint in done.stderr


def test_a_current_folder_that_is_gone_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert run(["status"]) == 1
    said = "photofsd: the current folder is gone (No such file or directory): go to another one\n"
    assert capsys.readouterr().err == said


def test_bad_configuration_exits_78_with_one_line(photofsd: Program, tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text("[library]\nsettel_s = 1\n")
    done = photofsd("status", "--config", file)
    assert done.returncode == 78
    expected = f"photofsd: {file}:2: there is no setting library.settel_s; did you mean library.settle_s?\n"
    assert done.stderr.decode() == expected


@pytest.mark.parametrize("words", [["run"], ["config", "check"]])
def test_what_needs_a_library_exits_78_without_one(photofsd: Program, words: list[str]) -> None:
    done = photofsd(*words)
    assert done.returncode == 78
    assert b"no library folder is set: pass --library DIR" in done.stderr


@pytest.mark.parametrize("words", [["--debug", "config", "show"], ["config", "show", "--debug"]])
def test_a_traceback_is_shown_only_when_asked_for(photofsd: Program, tmp_path: Path, words: list[str]) -> None:
    with_debug = photofsd(*words, "--config", tmp_path / "none.toml")
    without = photofsd("config", "show", "--config", tmp_path / "none.toml")
    assert b"Traceback" in with_debug.stderr
    assert b"Traceback" not in without.stderr
    assert len(without.stderr.splitlines()) == 1


def test_control_characters_of_a_name_do_not_reach_the_terminal(photofsd: Program) -> None:
    done = photofsd("status", "--config", "\x1b[31mred\udcff")
    assert b"\x1b" not in done.stderr
    assert r"\x1b[31mred\xff" in done.stderr.decode()


def test_a_reader_that_leaves_early_is_no_error_message() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, "-m", "photofsd", "config", "show"]
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_config_show_prints_a_configuration_with_origins(photofsd: Program, tmp_path: Path) -> None:
    done = photofsd("config", "show", "--library", "/nas/photos", "--library", "/nas/more", "--state", tmp_path)
    shown = tomllib.loads(done.stdout.decode())
    assert shown["library"]["folders"] == ["/nas/photos", "/nas/more"]
    assert f'state = "{tmp_path}"  # command line (--state)' in done.stdout.decode()


def test_config_show_json_has_every_setting(photofsd: Program) -> None:
    shown = json.loads(photofsd("config", "show", "--json", "--library", b"/nas/\xff").stdout)
    assert shown.keys() == SETTINGS.keys()
    assert shown["library.folders"] == {"value": ["/nas/\udcff"], "origin": "command line (--library)"}


def test_config_check_is_content_with_a_library(photofsd: Program, tmp_path: Path) -> None:
    file = tmp_path / "good.toml"
    file.write_text('[library]\nfolders = ["/nas/photos"]')
    done = photofsd("config", "check", "--config", file)
    assert (done.returncode, done.stdout) == (0, f"{file} is fine\n".encode())


def test_the_doctor_says_what_is_wrong_and_what_to_do(photofsd: Program, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    full = tmp_path / "full"
    (full / "photos").mkdir(parents=True)
    words = ["doctor", "--json", "--library", empty, "--library", tmp_path / "none", "--mount", full]
    done = photofsd(*words, "--state", tmp_path / "state")
    findings = json.loads(done.stdout)
    assert done.returncode == 1
    assert {finding.keys() == {"check", "level", "text", "advice"} for finding in findings} == {True}
    problems = {finding["text"]: finding["advice"] for finding in findings if finding["level"] == "problem"}
    assert f"{empty} is empty and counts as offline" in problems
    assert f"{tmp_path}/none: No such file or directory" in problems
    assert f"{full} is not empty" in problems
    assert all(problems.values())


def test_the_doctor_is_readable(photofsd: Program, tmp_path: Path) -> None:
    done = photofsd("doctor", "--library", tmp_path / "none", "--state", tmp_path / "state")
    assert any(line.startswith(b"problem  library ") and b" -> " in line for line in done.stdout.splitlines())


def test_on_a_terminal_there_are_colours_and_elsewhere_none(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    words = [sys.executable, "-m", "photofsd", "wait", "--timeout", "0.5", "--state", str(tmp_path)]
    done = subprocess.run(words, stderr=follower, check=False, env={**os.environ, "TERM": "xterm"})
    os.close(follower)
    shown = os.read(leader, 65536)
    os.close(leader)
    assert done.returncode == 1
    assert b"\x1b[" in shown


def test_a_fault_of_the_daemon_is_logged_with_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: object) -> int:
        raise ZeroDivisionError("oops")

    module = importlib.import_module("photofsd.cli.run")
    monkeypatch.setattr(module, "run", fail)
    monkeypatch.setattr(module, "start_logging", str)
    assert run(["run", "--library", "/nas/photos", "--state", str(tmp_path)]) == 1
    assert [type(record.exc_info[1]) for record in caplog.records if record.exc_info] == [ZeroDivisionError]
