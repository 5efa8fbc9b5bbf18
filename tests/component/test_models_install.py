"""Fetching models from a hub on loopback: whole or not at all, taken up again, never what was not promised."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub", reason="what fetches models is not installed: pip install 'photofsd[ml]'")

COMMIT = "0123456789abcdef0123456789abcdef01234567"
BIG = os.urandom(24_000_000)
FILES = {
    "config.json": b"{}",
    "visual/model.onnx": BIG,
    "visual/preprocess_cfg.json": b"{}",
    "visual/fp16/model.onnx": b"not asked for",
    "textual/model.onnx": b"words" * 1000,
    "textual/tokenizer.json": b"{}",
    "pytorch_model.bin": b"a pickle",
    ".hidden/config.json": b"{}",
}


class Hub(http.server.ThreadingHTTPServer):
    """What a hub answers. files: by name; torn: how many bytes of a file come before the line breaks, once."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files = files
        self.promised = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        self.torn: dict[str, int] = {}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answer(http.server.BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base has it
        pass

    def do_HEAD(self) -> None:
        self._file(with_content=False)

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.path.partition('?')[0]} {self.headers.get('Range', '')}".strip())
        if self.path.startswith("/api/models/"):
            self._send(200, json.dumps(self._listing()).encode(), {"Content-Type": "application/json"})
        else:
            self._file(with_content=True)

    def _listing(self) -> dict[str, object]:
        siblings = [
            {
                "rfilename": name,
                "size": len(content),
                "blobId": COMMIT,
                "lfs": {"sha256": self.server.promised[name], "size": len(content), "pointerSize": 130},
            }
            for name, content in self.server.files.items()
        ]
        return {"id": "some/model", "modelId": "some/model", "sha": COMMIT, "siblings": siblings, "tags": []}

    def _file(self, *, with_content: bool) -> None:
        name = self.path.partition(f"/resolve/{COMMIT}/")[2]
        content = self.server.files.get(name)
        if content is None:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        headers = {
            "ETag": f'"{self.server.promised[name]}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
            "Content-Range": f"bytes {first}-{len(content) - 1}/{len(content)}",
        }
        part = content[first:] if with_content else b""
        self._send(206 if first else 200, part, headers, length=len(content) - first, name=name)

    def _send(
        self, status: int, body: bytes, headers: dict[str, str], *, length: int | None = None, name: str = ""
    ) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        torn = self.server.torn.get(name) if body else None
        self.wfile.write(body if torn is None else body[:torn])
        if torn is not None:
            del self.server.torn[name]
            self.close_connection = True


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub(dict(FILES)) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


def install(hub: Hub, models: Path, *words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "photofsd", "models", "install", *words, "--models", str(models)],
        env={**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "1", "HF_HOME": str(models.parent / "hf")},
        input=answer, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def test_a_model_arrives_with_the_files_that_were_asked_for(hub: Hub, tmp_path: Path) -> None:
    models = tmp_path / "models"
    done = install(hub, models, "ViT-B-32__openai", "--yes")
    assert done.returncode == 0, done.stderr
    folder = models / "clip" / "ViT-B-32__openai"
    arrived = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    sums = json.loads(arrived.pop(".photofsd.json"))["blake3"]
    wanted = {name for name in FILES if "fp16" not in name and not name.startswith((".", "pytorch"))}
    assert arrived == {name: FILES[name] for name in wanted}
    assert sums.keys() == wanted
    assert [path.name for path in (models / "clip").iterdir()] == ["ViT-B-32__openai"]
    again = install(hub, models, "ViT-B-32__openai", "--yes")
    assert (again.returncode, "is there already" in again.stderr) == (2, True)


def test_a_broken_download_is_taken_up_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    hub.torn["visual/model.onnx"] = 15_000_000
    models = tmp_path / "models"
    for _ in range(5):  # the client library may try again by itself
        done = install(hub, models, "ViT-B-32__openai", "--yes")
        if done.returncode == 0:
            break
        assert "run it again to go on" in done.stderr
        assert not (models / "clip" / "ViT-B-32__openai").exists()
    assert done.returncode == 0, done.stderr
    assert (models / "clip/ViT-B-32__openai/visual/model.onnx").read_bytes() == BIG
    resumed = [asked for asked in hub.asked if "visual/model.onnx bytes=" in asked]
    assert resumed, f"the file was fetched from its beginning again: {hub.asked}"


def test_what_is_not_what_was_promised_is_not_installed(hub: Hub, tmp_path: Path) -> None:
    hub.promised["visual/model.onnx"] = "0" * 64
    done = install(hub, tmp_path / "models", "ViT-B-32__openai", "--yes")
    assert done.returncode == 1
    assert "model.onnx did not arrive as it was sent (SHA-256)" in done.stderr
    assert not (tmp_path / "models/clip/ViT-B-32__openai").exists()


def test_a_repository_that_has_changed_its_layout_says_so(hub: Hub, tmp_path: Path) -> None:
    del hub.files["textual/tokenizer.json"]
    done = install(hub, tmp_path / "models", "ViT-B-32__openai", "--yes")
    assert done.returncode == 1
    assert "textual/tokenizer.json missing" in done.stderr


def test_terms_are_said_before_anything_is_asked_of_the_network(hub: Hub, tmp_path: Path) -> None:
    done = install(hub, tmp_path / "models", "buffalo_l", answer="\n")
    assert done.returncode == 2
    assert "non-commercial" in done.stdout
    assert hub.asked == []


def test_nothing_is_fetched_without_a_yes_or_a_known_name(hub: Hub, tmp_path: Path) -> None:
    assert install(hub, tmp_path / "models", "ViT-B-32__openai", answer="n\n").returncode == 2
    unknown = install(hub, tmp_path / "models", "gpt", "--yes")
    assert (unknown.returncode, "no published model gpt is known" in unknown.stderr) == (2, True)
    listed = install(hub, tmp_path / "models")
    assert "ViT-B-32__laion2b-s34b-b79k" in listed.stdout
    assert hub.asked == []


def test_a_hub_that_does_not_answer_is_one_clear_line(hub: Hub, tmp_path: Path) -> None:
    hub.shutdown()
    hub.socket.close()
    done = install(hub, tmp_path / "models", "ViT-B-32__openai", "--yes")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "immich-app/ViT-B-32__openai cannot be fetched" in done.stderr
