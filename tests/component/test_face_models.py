"""Packs of models that find faces: which file is what, how a face is turned, what a real pack finds in real photos."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from photofsd.errors import ModelUnusable
from photofsd.models.folder import Installed, Layout, Purpose, chosen
from photofsd.models.loading import load_faces
from tests.component import tiny_faces

onnx = pytest.importorskip("onnx", reason="what makes models is not installed: pip install 'photofsd[ml]'")
face_embedder = pytest.importorskip("photofsd.models.face_embedder", reason="what runs models is not installed")
from photofsd.models import face_pack, faces, sessions  # noqa: E402 - after it is known that their libraries are there
from photofsd.models.face_detector import overlap  # noqa: E402 - as above

PLACES = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])
"""Of ArcFace, in a square of 112."""
POINTS = np.array([[300, 220], [340, 220], [320, 245], [304, 268], [336, 268]], np.float32)
IDENTICAL = 0.99


def installed(models: Path) -> Installed:
    found = chosen(models, Purpose.FACES)
    assert found is not None
    return found


@pytest.fixture
def tiny(tmp_path: Path) -> faces.FaceModel:
    tiny_faces.make(tmp_path, "tiny")
    return load_faces(installed(tmp_path), threads=2)


@pytest.fixture(scope="module")
def real(test_models: Path) -> faces.FaceModel:
    if not (test_models / "faces").is_dir():
        pytest.skip(f"no pack of models for faces: {test_models}/faces is absent")
    return load_faces(installed(test_models), threads=1)


@pytest.mark.parametrize(
    "files",
    [("det_10g.onnx", "w600k_r50.onnx"), ("a.onnx", "0.onnx"), ("detection/model.onnx", "recognition/model.onnx")],
)
def test_what_each_file_is_for_is_seen_from_what_it_wants_and_gives(tmp_path: Path, files: tuple[str, str]) -> None:
    folder = tiny_faces.make(tmp_path, "tiny", files=files)
    onnx.save(tiny_faces.embedder(onnx, side=96, dimension=3), str(folder / "genderage.onnx"))
    onnx.save(tiny_faces.embedder(onnx, side=192, dimension=212), str(folder / "2d106det.onnx"))
    found = face_pack.pack(installed(tmp_path))
    assert (found.detector, found.embedder) == tuple(folder / file for file in files)
    assert (found.side, found.mean, found.std) == (112, 127.5, 127.5)


def test_an_embedder_that_does_the_arithmetic_itself_gets_pixels_as_they_are(tmp_path: Path) -> None:
    folder = tiny_faces.make(tmp_path, "tiny")
    graph = onnx.load(str(folder / "rec.onnx"))
    for name in ("_minusscalar0", "_mulscalar0"):
        graph.graph.node.insert(0, onnx.helper.make_node("Identity", ["turn"], [name], name=name))
    onnx.save(graph, str(folder / "rec.onnx"))
    assert (face_pack.pack(installed(tmp_path)).mean, face_pack.pack(installed(tmp_path)).std) == (0.0, 1.0)


def test_a_pack_with_two_of_a_kind_or_none_says_what_it_holds(tmp_path: Path) -> None:
    folder = tiny_faces.make(tmp_path, "tiny")
    shutil.copy(folder / "rec.onnx", folder / "also.onnx")
    with pytest.raises(
        ModelUnusable, match=r"holds det.onnx that find faces, also.onnx, rec.onnx that tell them apart$"
    ):
        face_pack.pack(installed(tmp_path))
    for file in ("also.onnx", "rec.onnx"):
        (folder / file).unlink()
    with pytest.raises(ModelUnusable, match=r"holds det\.onnx that find faces, none that tell them apart"):
        face_pack.pack(installed(tmp_path))


@pytest.mark.parametrize("file", ["det.onnx", "rec.onnx"])
@pytest.mark.parametrize("content", [b"", b"no model", None])
def test_a_damaged_pack_is_one_clear_error(tmp_path: Path, file: str, content: bytes | None) -> None:
    path = tiny_faces.make(tmp_path, "tiny") / file
    path.write_bytes(path.read_bytes()[:300] if content is None else content)
    with pytest.raises(ModelUnusable, match=r"^[^\n]+$"):
        load_faces(installed(tmp_path), threads=1).of_pictures([tiny_faces.picture("blue")])


def test_a_detector_that_gives_something_else_is_one_clear_error(tmp_path: Path) -> None:
    folder = tiny_faces.make(tmp_path, "tiny")
    graph = onnx.load(str(folder / "det.onnx"))
    outputs = list(graph.graph.output)
    del graph.graph.output[:]
    graph.graph.output.extend(reversed(outputs))
    onnx.save(graph, str(folder / "det.onnx"))
    with pytest.raises(ModelUnusable, match=r"det.onnx does not give what a detector of faces gives$"):
        load_faces(installed(tmp_path), threads=1).of_pictures([tiny_faces.picture("blue")])


def test_faces_are_found_where_they_are_and_told_apart(tiny: faces.FaceModel) -> None:
    three, one, nobody = tiny.of_pictures(
        [tiny_faces.picture("blue", "lime", "yellow"), tiny_faces.picture("blue"), tiny_faces.picture()]
    )
    assert (len(three), len(one), nobody) == (3, 1, [])
    for number, seen in enumerate(sorted(three, key=lambda seen: seen.face.left)):
        x, y = tiny_faces.centre(number)
        face = seen.face
        assert face.left < x / 640 < face.left + face.width
        assert face.top < y / 480 < face.top + face.height
        assert (face.crc, len(face.landmarks), face.px) == (None, 10, 96)
        assert np.linalg.norm(seen.vector) == pytest.approx(1, abs=1e-5)
    cosines = np.array([seen.vector for seen in three]) @ one[0].vector
    assert sorted(cosines > IDENTICAL) == [False, False, True], cosines


@pytest.mark.parametrize("size", [(1000, 750), (320, 240), (640, 480)])
def test_a_face_is_found_at_its_place_whatever_the_size_of_the_picture(
    tiny: faces.FaceModel, size: tuple[int, int]
) -> None:
    (expected,), (found,) = tiny.of_pictures(
        [tiny_faces.picture("blue"), tiny_faces.picture("blue").resize(size, Image.Resampling.BICUBIC)]
    )
    for one, other in zip((expected.face.left, expected.face.width), (found.face.left, found.face.width), strict=True):
        assert one == pytest.approx(other, abs=0.01)
    assert found.face.px == pytest.approx(96 * size[0] / 640, abs=2)


def test_what_takes_one_size_and_one_face_at_a_time_gives_the_same(tmp_path: Path, tiny: faces.FaceModel) -> None:
    folder = tiny_faces.make(tmp_path / "fixed", "tiny")
    onnx.save(tiny_faces.detector(onnx, (1, 3, 640, 640)), str(folder / "det.onnx"))
    onnx.save(tiny_faces.embedder(onnx, batch=1), str(folder / "rec.onnx"))
    fixed = load_faces(installed(tmp_path / "fixed"), threads=1)
    picture = tiny_faces.picture("blue", "lime")
    (expected,), (found,) = tiny.of_pictures([picture]), fixed.of_pictures([picture])
    assert [seen.face for seen in found] == [seen.face for seen in expected]
    for one, other in zip(expected, found, strict=True):
        assert one.vector == pytest.approx(other.vector, abs=1e-5)


@pytest.mark.parametrize("is_known", [True, False])
def test_vectors_are_as_long_as_the_embedder_says_or_else_gives(tmp_path: Path, *, is_known: bool) -> None:
    folder = tiny_faces.make(tmp_path, "tiny")
    model = tiny_faces.embedder(onnx, dimension=24)
    if not is_known:
        graph, make = model.graph, onnx.helper.make_node  # type: ignore[attr-defined]
        graph.node[-1].output[0] = "all"
        graph.node.append(make("ReduceMax", ["turn"], ["highest"], axes=[0], keepdims=0))
        graph.node.append(make("Cast", ["highest"], ["kept"], to=onnx.TensorProto.BOOL))
        graph.node.append(make("Compress", ["all", "kept"], ["vectors"], axis=1))
        graph.output[0].type.tensor_type.shape.dim[1].dim_param = "as many as are kept"
    onnx.save(model, str(folder / "rec.onnx"))
    loaded = load_faces(installed(tmp_path), threads=1)
    ((seen,),) = loaded.of_pictures([tiny_faces.picture("blue")])
    assert (loaded.dimension, seen.vector.shape) == (24, (24,))


CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


@pytest.fixture(params=[True, False], ids=["a driver", "no driver"])
def has_driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """An ONNX Runtime that was built for GPUs, as it behaves: without a driver it says nothing, and takes the CPU."""
    real = sessions.onnxruntime.InferenceSession

    class Built:
        def __init__(self, file: str, options: object, providers: list[str]) -> None:
            self._real = real(file, options, providers=[CPU])
            self._providers = providers if request.param else [one for one in providers if one != CUDA]

        def get_providers(self) -> list[str]:
            return self._providers

        def __getattr__(self, name: str) -> object:
            return getattr(self._real, name)

    monkeypatch.setattr(sessions.onnxruntime, "InferenceSession", Built)
    monkeypatch.setattr(sessions.onnxruntime, "get_available_providers", lambda: [CUDA, CPU])
    return bool(request.param)


def test_a_gpu_is_used_where_there_is_one_and_it_is_said_what_really_runs(tmp_path: Path, *, has_driver: bool) -> None:
    tiny_faces.make(tmp_path, "tiny")
    model = load_faces(installed(tmp_path), threads=1, device="auto")
    assert model.runs_on == (f"ONNX Runtime, {CUDA}, {CPU}" if has_driver else f"ONNX Runtime, {CPU}")
    assert load_faces(installed(tmp_path), threads=1, device="cpu").runs_on == f"ONNX Runtime, {CPU}"
    if has_driver:
        assert load_faces(installed(tmp_path), threads=1, device="gpu").runs_on == model.runs_on
        return
    with pytest.raises(ModelUnusable, match="no GPU could be used"):
        load_faces(installed(tmp_path), threads=1, device="gpu")


def test_a_face_is_turned_until_eyes_nose_and_mouth_lie_where_the_model_expects_them() -> None:
    turn = np.array([[0.9, -0.4], [0.4, 0.9]]) * 1.7
    landmarks = (PLACES @ turn.T + [200, 100]).astype(np.float32)
    rows, columns = np.mgrid[:480, :640]
    light = sum(np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 18) for x, y in landmarks)
    picture = Image.fromarray(np.uint8(np.clip(light * 255, 0, 255))).convert("RGB")
    crop = face_embedder.aligned(picture, landmarks, 112)
    assert crop.shape == (112, 112, 3)
    bright = crop[:, :, 0].astype(np.float64)
    for x, y in PLACES:
        rows, columns = np.mgrid[round(y) - 6 : round(y) + 7, round(x) - 6 : round(x) + 7]
        near = bright[rows, columns]
        assert ((near * columns).sum() / near.sum(), (near * rows).sum() / near.sum()) == pytest.approx((x, y), abs=0.1)
    wide = face_embedder.aligned(picture, landmarks, 128)
    assert wide[8:120, 8:120].shape == crop.shape
    assert np.abs(wide[:112, 8:120].astype(int) - crop.astype(int)).mean() < 1


def test_points_that_are_all_one_are_no_crash() -> None:
    crop = face_embedder.aligned(Image.new("RGB", (64, 48), "red"), np.full((5, 2), 20, np.float32), 112)
    assert crop.shape == (112, 112, 3)
    assert faces.yaw(np.full((5, 2), 20, np.float32)) == 90


def test_a_face_that_looks_aside_says_to_which_side() -> None:
    aside = POINTS.copy()
    aside[2] = POINTS[1] + [0, 25]
    mirrored = aside * [-1, 1]
    mirrored[[0, 1]] = mirrored[[1, 0]]
    assert faces.yaw(POINTS) == 0
    assert 30 < faces.yaw(aside) < 90
    assert faces.yaw(mirrored.astype(np.float32)) == pytest.approx(-faces.yaw(aside))


def test_a_blurred_face_is_less_sharp() -> None:
    sharp = Image.effect_noise((112, 112), 60).convert("RGB")
    values = [faces.sharpness(np.asarray(sharp.filter(ImageFilter.GaussianBlur(radius)))) for radius in (0, 1, 4)]
    assert values[0] > 10 * values[1] > 100 * values[2] >= 0
    assert faces.sharpness(np.zeros((112, 112, 3), np.uint8)) == 0


# ---- A real pack, real photos ----


def portraits(test_data: Path) -> Iterator[Path]:
    yield from sorted(path for path in test_data.rglob("*obama*.jpg"))
    yield from sorted(path for path in test_data.rglob("*biden*.jpg"))


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        picture.thumbnail((1000, 1000))
        return picture.convert("RGB")


def test_everybody_at_the_solvay_conference_is_found(real: faces.FaceModel, test_data: Path) -> None:
    path = next(path for path in test_data.rglob("*") if "solvay" in path.name.lower())
    (found,) = real.of_pictures([opened(path)])
    assert len(found) >= 28, f"of 29 in {path.name}"
    assert all(seen.face.score > 0.6 for seen in found)


@pytest.mark.filterwarnings("ignore")  # of its own libraries
def test_ours_finds_what_insightface_finds_and_describes_it_alike(
    real: faces.FaceModel, test_models: Path, test_data: Path
) -> None:
    pytest.importorskip("insightface", reason="insightface is not installed: pip install insightface, to compare")
    from insightface.model_zoo.arcface_onnx import ArcFaceONNX  # noqa: PLC0415 - it takes a second to load
    from insightface.model_zoo.scrfd import SCRFD  # noqa: PLC0415 - as above
    from insightface.utils import face_align  # noqa: PLC0415 - as above
    from onnxruntime import InferenceSession  # noqa: PLC0415 - as above

    pack = face_pack.pack(installed(test_models))
    sessions = [
        InferenceSession(str(file), providers=["CPUExecutionProvider"]) for file in (pack.detector, pack.embedder)
    ]
    detector = SCRFD(str(pack.detector), sessions[0], static_shape_sessions=False)
    detector.prepare(0, input_size=[(128, 128), (640, 640)], det_thresh=0.5)
    embedder = ArcFaceONNX(str(pack.embedder), sessions[1])
    for path in list(portraits(test_data))[:12]:
        picture = opened(path)
        pixels = np.asarray(picture)[:, :, ::-1].copy()
        boxes, landmarks = detector.detect(pixels)
        (found,) = real.faces([picture])
        for box, points in zip(boxes, landmarks, strict=True):
            if box[4] > 0.7:
                assert overlap(box[:4], found.boxes).max() > 0.75, path.name
            theirs = embedder.get_feat(face_align.norm_crop(pixels, points))[0]
            ours = real.vectors([real.crop(picture, points)])[0]
            assert ours @ (theirs / np.linalg.norm(theirs)) > IDENTICAL, path.name


# ---- The commands ----


def photofsd(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "photofsd", *arguments], capture_output=True, text=True, check=False, timeout=300
    )


def test_the_commands_take_in_list_and_verify_a_pack(tmp_path: Path) -> None:
    where = ("--models", str(tmp_path / "mine"))
    folder = tiny_faces.make(tmp_path, "tiny")
    assert photofsd("models", "import", str(folder), *where).returncode == 0
    (listed,) = json.loads(photofsd("models", "list", "--json", *where).stdout)
    assert (listed["purpose"], listed["name"], listed["layout"]) == ("faces", "tiny", Layout.INSIGHTFACE)
    tried = photofsd("models", "verify", *where)
    assert tried.stdout == "faces model tiny: works: 16 dimensions, on ONNX Runtime, CPUExecutionProvider\n"
    (tmp_path / "mine/faces/tiny/rec.onnx").write_bytes(b"torn")
    assert "rec.onnx has changed" in photofsd("models", "verify", *where).stdout


def test_a_pack_that_cannot_run_is_found_by_the_trial(tmp_path: Path) -> None:
    (tiny_faces.make(tmp_path, "tiny") / "rec.onnx").write_bytes(b"no model")
    tried = photofsd("models", "verify", "--models", str(tmp_path))
    assert (tried.returncode, "Traceback" in tried.stderr) == (4, False)
    assert "rec.onnx is no model of ONNX" in tried.stdout


def test_the_licence_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "photofsd", "models", "install", "buffalo_l", "--models", str(tmp_path)],
        input="n\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "InsightFace's models are for non-commercial research purposes only." in asked.stdout
    assert asked.returncode == 2
    assert not (tmp_path / "faces").exists()
