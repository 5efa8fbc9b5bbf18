"""The user unit: systemd takes it, it says what the program does, and it does not hide the mount."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from photofsd.errors import BadConfig

UNIT = Path(__file__).parents[2] / "systemd" / "user" / "photofsd.service"
PROGRAM = "%h/.local/bin/photofsd"

# Each makes a mount namespace, or takes the setuid bit from fusermount3 (systemd.exec(5)).
HIDES_THE_MOUNT = {
    "BindPaths",
    "BindReadOnlyPaths",
    "DynamicUser",
    "ExecPaths",
    "InaccessiblePaths",
    "MountAPIVFS",
    "MountFlags",
    "NoExecPaths",
    "NoNewPrivileges",
    "PrivateDevices",
    "PrivateIPC",
    "PrivateMounts",
    "PrivateNetwork",
    "PrivateTmp",
    "PrivateUsers",
    "ProcSubset",
    "ProtectControlGroups",
    "ProtectHome",
    "ProtectHostname",
    "ProtectKernelLogs",
    "ProtectKernelModules",
    "ProtectKernelTunables",
    "ProtectProc",
    "ProtectSystem",
    "ReadOnlyPaths",
    "ReadWritePaths",
    "RestrictNamespaces",
    "RestrictSUIDSGID",
    "RootDirectory",
    "RootImage",
    "SystemCallFilter",
    "TemporaryFileSystem",
}


def options() -> dict[str, str]:
    """The unit's options; each stands once."""
    lines = [line for line in UNIT.read_text().splitlines() if "=" in line and not line.startswith("#")]
    pairs = [(key, value) for key, _, value in (line.partition("=") for line in lines)]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def verify(unit: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Ask systemd what it thinks of a user unit, in a home where the program is installed."""
    program = home / ".local" / "bin" / "photofsd"
    program.parent.mkdir(parents=True)
    program.symlink_to("/bin/true")
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    return subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", "--recursive-errors=no", unit],
        env={**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(runtime)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def systemd_analyze() -> None:
    """Skips where systemd-analyze is missing."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (package systemd)")


@pytest.mark.usefixtures("systemd_analyze")
def test_systemd_finds_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    result = verify(UNIT, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.usefixtures("systemd_analyze")
def test_systemd_would_have_noticed_an_unknown_option(tmp_path: Path) -> None:
    bad = tmp_path / "photofsd.service"
    bad.write_text(UNIT.read_text().replace("WatchdogSec=", "WatchdogSeconds="))
    assert "WatchdogSeconds" in verify(bad, tmp_path / "home").stderr


def test_no_option_hides_the_mount() -> None:
    assert not HIDES_THE_MOUNT & options().keys()


@pytest.mark.parametrize("key", ["ExecStart", "ExecReload"])
def test_command_of_the_unit_is_one_of_the_program(key: str) -> None:
    program, *words = options()[key].split()
    assert program == PROGRAM
    installed = Path(sys.executable).with_name("photofsd")
    result = subprocess.run([installed, *words, "--help"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert f"photofsd {' '.join(words)}" in result.stdout


def test_unit_does_not_restart_on_bad_settings() -> None:
    assert int(options()["RestartPreventExitStatus"]) == BadConfig.exit_code


def test_daemon_that_goes_silent_or_loses_a_child_is_looked_after() -> None:
    chosen = options()
    assert (chosen["Type"], chosen["Restart"]) == ("notify", "on-failure")
    assert "WatchdogSec" in chosen
    assert chosen["OOMPolicy"] == "continue"
