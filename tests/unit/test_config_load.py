"""Settings: what wins, what is refused, and what the message says."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from photofsd.config.load import Configuration, Overrides, load
from photofsd.config.profiles import Machine
from photofsd.config.schema import SETTINGS, value_of
from photofsd.config.show import effective
from photofsd.config.validate import require_library
from photofsd.errors import BadConfig

SMALL = Machine(memory_mb=8_000, cores=4)
LARGE = Machine(memory_mb=64_000, cores=16)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own; the current folder is another one."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return folder


def _load(
    text: str | None = None,
    *,
    tmp_path: Path,
    environ: dict[str, str] | None = None,
    machine: Machine = SMALL,
    overrides: Overrides | None = None,
) -> Configuration:
    """Load `text` as the file of --config, with nothing of the real surroundings."""
    overrides = overrides or Overrides()
    if text is not None:
        file = tmp_path / "photofsd.toml"
        file.write_text(text, encoding="utf-8")
        overrides = Overrides(config=file).over(overrides)
    return load(overrides, environ=environ or {}, system_file=tmp_path / "etc.toml", machine=machine)


def _refusal(text: str, tmp_path: Path) -> str:
    """The message that `text` is refused with, without the folder of the file."""
    with pytest.raises(BadConfig) as caught:
        _load(text, tmp_path=tmp_path)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_defaults_need_no_file(tmp_path: Path, home: Path) -> None:
    configuration = _load(tmp_path=tmp_path)
    settings = configuration.settings
    assert configuration.file is None
    assert settings.state == home / ".local/state/photofsd"
    assert settings.runtime == settings.state
    assert settings.models.folder == home / ".local/share/photofsd/models"
    assert settings.mount.point == home / "Photos"
    assert settings.library.folders == ()
    assert settings.library.prune == ("@eaDir", ".Trash*", "#recycle", "lost+found")
    assert configuration.origins["library.settle_s"] == "default"


def test_every_setting_knows_its_origin(tmp_path: Path) -> None:
    assert _load(tmp_path=tmp_path).origins.keys() == SETTINGS.keys()


def test_the_command_line_beats_the_file_and_the_file_beats_the_profile(tmp_path: Path) -> None:
    text = """
        state = "/var/from-file"
        [library]
        scan_interval_s = 7
        [mount]
        point = "/mnt/from-file"
    """
    overrides = Overrides(mount=Path("/mnt/from-command"))
    configuration = _load(text, tmp_path=tmp_path, overrides=overrides)
    settings, origins = configuration.settings, configuration.origins
    assert settings.state == Path("/var/from-file")
    assert settings.mount.point == Path("/mnt/from-command")
    assert settings.library.scan_interval_s == 7
    assert origins["state"] == f"{tmp_path}/photofsd.toml:2"
    assert origins["library.scan_interval_s"] == f"{tmp_path}/photofsd.toml:4"
    assert origins["mount.point"] == "command line (--mount)"
    assert origins["readers.memory_mb"] == "profile small"


def test_the_file_is_looked_for_in_four_places_in_order(tmp_path: Path, home: Path) -> None:
    places = {
        "system": tmp_path / "etc.toml",
        "user": home / ".config/photofsd/photofsd.toml",
        "variable": tmp_path / "variable.toml",
        "option": tmp_path / "option.toml",
    }
    environ: dict[str, str] = {}
    overrides = Overrides()
    for place, file in places.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
        if place == "variable":
            environ = {"PHOTOFSD_CONFIG": str(file)}
        if place == "option":
            overrides = Overrides(config=file)
        found = load(overrides, environ=environ, system_file=places["system"], machine=SMALL).file
        assert found == file, place


@pytest.mark.parametrize("named_by", ["option", "variable"])
def test_a_file_that_was_named_but_is_not_there_is_an_error(tmp_path: Path, named_by: str) -> None:
    missing = tmp_path / "no.toml"
    overrides = Overrides(config=missing) if named_by == "option" else Overrides()
    environ = {"PHOTOFSD_CONFIG": str(missing)} if named_by == "variable" else {}
    with pytest.raises(BadConfig, match=r"cannot read the configuration file .*no\.toml: No such file"):
        load(overrides, environ=environ, machine=SMALL)


def test_systemd_names_the_folders_of_a_service(tmp_path: Path) -> None:
    environ = {"STATE_DIRECTORY": "/var/lib/photofsd:/var/lib/more", "RUNTIME_DIRECTORY": "/run/photofsd"}
    configuration = _load(tmp_path=tmp_path, environ=environ)
    settings = configuration.settings
    assert settings.state == Path("/var/lib/photofsd")
    assert settings.runtime == Path("/run/photofsd")
    assert settings.models.folder == Path("/var/lib/photofsd/models")
    assert settings.mount.point == Path("/mnt/photos")
    assert configuration.origins["state"] == "environment (STATE_DIRECTORY)"


def test_commands_beside_a_system_service_find_its_state_through_the_system_file(tmp_path: Path) -> None:
    system_file = tmp_path / "etc.toml"
    system_file.write_text("")
    settings = load(environ={}, system_file=system_file, machine=SMALL).settings
    assert settings.state == Path("/var/lib/photofsd")
    assert settings.mount.point == Path("/mnt/photos")


def test_the_base_folders_of_xdg_are_honoured_when_absolute(tmp_path: Path, home: Path) -> None:
    environ = {"XDG_STATE_HOME": "/data/state", "XDG_DATA_HOME": "relative/is/ignored"}
    settings = _load(tmp_path=tmp_path, environ=environ).settings
    assert settings.state == Path("/data/state/photofsd")
    assert settings.models.folder == home / ".local/share/photofsd/models"


def test_paths_start_from_the_file_or_from_the_current_folder(tmp_path: Path, home: Path) -> None:
    text = '[library]\nfolders = ["pictures", "~/more", "/nas/../nas/photos"]'
    overrides = Overrides(state=Path("state"))
    settings = _load(text, tmp_path=tmp_path, overrides=overrides).settings
    assert settings.library.folders == (tmp_path / "pictures", home / "more", Path("/nas/photos"))
    assert settings.state == tmp_path / "here" / "state"


def test_a_path_of_odd_bytes_survives_the_command_line(tmp_path: Path) -> None:
    odd = Path("/nas/\udcff")
    settings = _load(tmp_path=tmp_path, overrides=Overrides(library=(odd,))).settings
    assert bytes(settings.library.folders[0]) == b"/nas/\xff"


def test_the_profile_follows_the_machine_and_can_be_set(tmp_path: Path) -> None:
    memory = {
        "chosen small": _load(tmp_path=tmp_path).settings.readers.memory_mb,
        "chosen large": _load(tmp_path=tmp_path, machine=LARGE).settings.readers.memory_mb,
        "set small": _load('profile = "small"', tmp_path=tmp_path, machine=LARGE).settings.readers.memory_mb,
    }
    assert memory == {"chosen small": 1024, "chosen large": 2048, "set small": 1024}


@pytest.mark.parametrize(
    "text, hint",
    [
        ("[library]\nsettel_s = 1", "library.settel_s; did you mean library.settle_s?"),
        ("[libary]\nwatch = true", "libary; did you mean library?"),
        ("settle_s = 1", "settle_s; did you mean library.settle_s?"),
        ("[mount]\nrecent = 1", "mount.recent; did you mean search.recent or recent?"),
        ("[library]\nqwertz = 1", "library.qwertz"),
        ("library = 3", "library: it is a section, write [library]"),
    ],
)
def test_an_unknown_key_is_refused_with_a_suggestion(tmp_path: Path, text: str, hint: str) -> None:
    assert _refusal(text, tmp_path).partition(": ")[2] == f"there is no setting {hint}"


@pytest.mark.parametrize(
    "text, key, problem",
    [
        ('[library]\nwatch = "yes"', "library.watch", 'expected true or false, got "yes"'),
        ("[library]\nsettle_s = true", "library.settle_s", "expected a number, got true"),
        ("[library]\nsettle_s = -1", "library.settle_s", "expected a number of at least 0, got -1"),
        ("[library]\nsettle_s = nan", "library.settle_s", "expected a number, got nan"),
        ("[search]\nrecent = 2.5", "search.recent", "expected a whole number, got 2.5"),
        ("[store]\ncommit_max = 99999", "store.commit_max", "expected a whole number of at most 10000, got 99999"),
        ('[library]\nfolders = "/a"', "library.folders", 'expected a list of paths, like ["/nas/photos"], got "/a"'),
        ("[library]\nexclude = [1]", "library.exclude", "expected a text, got 1"),
        ('state = ""', "state", 'expected a path, got ""'),
        ('state = "~nobody-here/x"', "state", 'nobody\'s home folder is known as "~nobody-here"'),
        ('profile = "huge"', "profile", 'expected one of "auto", "small", "large", got "huge"'),
        ("timezone = 1979-05-27", "timezone", "expected a text, got a date"),
        ("mount.point = {}", "mount.point", "expected a path, got a table"),
        ('timezone = "Europe/X"', "timezone", "there is no time zone 'Europe/X'; they read like Europe/Rome"),
        ('[library]\nmarker = "a/b"', "library.marker", "expected the name of a file, not a path"),
        ('[library]\nprune = ["a/b"]', "library.prune", "expected globs over names: paths belong in library.exclude"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_place(tmp_path: Path, text: str, key: str, problem: str) -> None:
    line = text.count("\n") + 1
    assert _refusal(text, tmp_path) == f"photofsd.toml:{line}: {key}: {problem}"


@pytest.mark.parametrize("content", [b"library = [", b"\xff = 1", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.toml").write_bytes(content)
    with pytest.raises(BadConfig, match=r"bad\.toml is no TOML"):
        load(Overrides(config=tmp_path / "bad.toml"), environ={}, machine=SMALL)


@pytest.mark.parametrize(
    "text, message",
    [
        ('[library]\nfolders = ["/a", "/a"]', "library.folders: /a is listed twice"),
        (
            '[library]\nfolders = ["/a/b", "/a"]',
            "library.folders: /a/b lies inside /a, so its photos would count twice",
        ),
        ('mount.point = "/a/m"\n[library]\nfolders = ["/a"]', "mount.point: /a/m lies inside the library folder /a"),
        ('state = "/a"\n[library]\nfolders = ["/a"]', "state: /a lies inside the library folder /a"),
        ('mount.point = "/m"\n[library]\nfolders = ["/m/a"]', "library.folders: /m/a lies inside /m (mount.point)"),
        ('state = "/s"\n[library]\nfolders = ["/s/a"]', "library.folders: /s/a lies inside /s (state)"),
        ('state = "/m/s"\n[mount]\npoint = "/m"', "state: /m/s lies inside the mount point /m"),
    ],
)
def test_folders_that_overlap_are_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message in _refusal(text, tmp_path)


def test_folders_whose_names_begin_alike_do_not_overlap(tmp_path: Path) -> None:
    text = '[library]\nfolders = ["/a/photos", "/a/photos2"]\n[mount]\npoint = "/a/photos-view"'
    assert len(_load(text, tmp_path=tmp_path).settings.library.folders) == 2


def test_a_missing_library_is_refused_only_where_one_is_needed(tmp_path: Path) -> None:
    settings = _load(tmp_path=tmp_path).settings
    with pytest.raises(BadConfig, match="--library"):
        require_library(settings)


def test_what_show_prints_loads_to_the_same_settings(tmp_path: Path) -> None:
    text = '[library]\nfolders = ["/nas/Ünïcode \\"x\\""]\nexclude = ["*.tmp"]\nsettle_s = 0.25'
    configuration = _load(text, tmp_path=tmp_path)
    shown = "\n".join(effective(configuration))
    assert "settle_s = 0.25  # " + f"{tmp_path}/photofsd.toml:4" in shown
    assert tomllib.loads(shown)["library"]["settle_s"] == 0.25
    again = _load(shown, tmp_path=tmp_path).settings
    assert {key: value_of(again, key) for key in SETTINGS} == {
        key: value_of(configuration.settings, key) for key in SETTINGS
    }


def test_overrides_after_the_command_beat_those_before_it() -> None:
    before = Overrides(state=Path("/one"), mount=Path("/one"), library=(Path("/one"),))
    after = Overrides(state=Path("/two"))
    assert after.over(before) == Overrides(state=Path("/two"), mount=Path("/one"), library=(Path("/one"),))
