"""The control socket: a real server, real clients, and everything that a client may do wrong."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio
import trio.testing
from hypothesis import example, given
from hypothesis import strategies as st

from photofsd.daemon.client import ask, connect
from photofsd.daemon.commands import Ping, Pong, Scan, ScanResult, Stop, Wait
from photofsd.daemon.control import CLIENTS_MAX, Handlers, Report, control_socket, decode_request, serve, serve_client
from photofsd.daemon.protocol import MAX_REQUEST_BYTES, SOCKET_NAME, Message, decode_error, encode_error, encode_request
from photofsd.errors import BadQuery, DaemonBusy, DaemonNotRunning, PhotofsdError, StoreFull, TooSlow, UsageError

PONG: Pong = {"version": "1", "pid": 7, "state": "running"}


async def pong(_command: Ping, _report: Report) -> Message:
    return PONG


Serving = Callable[..., contextlib.AbstractContextManager[None]]


def raising(error: Exception) -> Handlers:
    """A server whose `ping` fails with `error`."""

    async def fail(_command: Ping, _report: Report) -> Message:
        raise error

    return {Ping: fail}


def raw(state: Path, request: bytes) -> list[Message]:
    """Send bytes as they are; the lines that come back."""
    with connect(state) as connection:
        connection.sendall(request)
        reply = b"".join(iter(lambda: connection.recv(65536), b""))
    return [json.loads(line) for line in reply.splitlines()]


def test_a_command_arrives_with_its_arguments_and_its_result_comes_back(tmp_path: Path, serving: Serving) -> None:
    arrived: list[Scan] = []
    found: ScanResult = {"folders": 1, "files": 3, "added": 3, "changed": 0, "moved": 0, "gone": 0, "problems": []}

    async def scan(command: Scan, _report: Report) -> Message:
        arrived.append(command)
        return found

    with serving(tmp_path, {Scan: scan}):
        result = ask(tmp_path, Scan(paths=("/nas/\udcff",), full=True))
    assert result == found
    assert arrived == [Scan(paths=("/nas/\udcff",), full=True)]
    assert os.fsencode(arrived[0].paths[0]) == b"/nas/\xff"


def test_reports_arrive_in_order_before_the_result(tmp_path: Path, serving: Serving) -> None:
    async def scan(_command: Scan, report: Report) -> Message:
        for files in range(100):
            await report({"files": files})
        return {}

    reports: list[Message] = []
    with serving(tmp_path, {Scan: scan}):
        ask(tmp_path, Scan(wait=True), on_progress=reports.append)
    assert reports == [{"files": files} for files in range(100)]


@pytest.mark.parametrize(
    "error",
    [
        UsageError("no such stage"),
        StoreFull("no room"),
        BadQuery("a quote is not closed", 'a "b', 2),
        PhotofsdError("plain"),
    ],
)
def test_an_error_is_raised_again_at_the_client(tmp_path: Path, error: PhotofsdError, serving: Serving) -> None:
    with serving(tmp_path, raising(error)), pytest.raises(type(error)) as caught:
        ask(tmp_path, Ping())
    assert type(caught.value) is type(error)
    assert str(caught.value) == str(error)


def test_an_error_of_a_newer_daemon_is_raised_as_the_base() -> None:
    class NotInventedYet(PhotofsdError):
        exit_code = 9

    facts = json.loads(encode_error(NotInventedYet("too new")))["error"]
    assert facts == {"type": "NotInventedYet", "message": "too new", "exit_code": 9}
    assert type(decode_error(facts)) is PhotofsdError


def test_a_fault_in_a_handler_is_told_and_logged_and_survived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, serving: Serving
) -> None:
    with serving(tmp_path, raising(KeyError("oops"))):
        for _ in range(2):
            with pytest.raises(PhotofsdError, match=r"KeyError: 'oops'; its log says more"):
                ask(tmp_path, Ping())
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert caplog.records[0].exc_info is not None


@pytest.mark.parametrize(
    "request_line, complaint",
    [
        (b"\n", "one line of JSON"),
        (b"nonsense\n", "one line of JSON"),
        (b"\xff\xfe\n", "one line of JSON"),
        (b"[" * 100_000 + b"\n", "one line of JSON"),
        (b"[]\n", 'a request reads {"command"'),
        (b'{"command": 1}\n', 'a request reads {"command"'),
        (b'{"command": "ping", "more": 1}\n', 'a request reads {"command"'),
        (b'{"command": "dance"}\n', "there is no command 'dance'"),
        (b'{"command": "scan", "args": {"paths": "/nas"}}\n', "Expected `array`, got `str`"),
        (b'{"command": "stages", "args": {"action": "burn"}}\n', "Invalid enum value 'burn'"),
        (b'{"command": "scan", "args": []}\n', "Expected `object`, got `array`"),
        (b'{"command": "stop"}\n', "does not take the command 'stop'"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    tmp_path: Path, request_line: bytes, complaint: str, serving: Serving
) -> None:
    with serving(tmp_path, {Ping: pong}):
        (reply,) = raw(tmp_path, request_line)
    assert reply["error"]["type"] == "UsageError"
    assert reply["error"]["exit_code"] == 2
    assert complaint in reply["error"]["message"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["command", "args", "scan"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["command", "args", "paths", "wait"]), inner),
)


@given(line=st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
@example(b'{"command": "scan", "args": {"paths": ["/nas"], "full": true}}')
def test_any_bytes_are_a_command_or_refused(line: bytes) -> None:
    try:
        command = decode_request(line)
    except UsageError:
        return
    assert decode_request(encode_request(command)) == command


def test_arguments_may_be_left_out(tmp_path: Path, serving: Serving) -> None:
    with serving(tmp_path, {Ping: pong}):
        assert raw(tmp_path, b'{"command": "ping"}\n') == [{"result": PONG}]


def test_clients_that_misbehave_harm_nobody_else(tmp_path: Path, serving: Serving) -> None:
    with serving(tmp_path, {Ping: pong}), contextlib.ExitStack() as stack:
        idle = stack.enter_context(connect(tmp_path))
        idle.sendall(b'{"command"')
        for _ in range(20):
            connect(tmp_path).close()
        endless = stack.enter_context(connect(tmp_path))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            endless.sendall(b"x" * (MAX_REQUEST_BYTES * 2))
        hasty = connect(tmp_path)
        hasty.sendall(b'{"command": "ping"}\n')
        hasty.close()
        assert ask(tmp_path, Ping()) == PONG


def test_a_request_longer_than_the_daemon_reads_is_not_even_sent(tmp_path: Path, serving: Serving) -> None:
    with serving(tmp_path, {Ping: pong}), pytest.raises(UsageError, match="too much for one request"):
        ask(tmp_path, Scan(paths=("x" * MAX_REQUEST_BYTES,)))


def test_a_client_that_leaves_cancels_what_it_asked_for(tmp_path: Path, serving: Serving) -> None:
    started, cancelled = threading.Event(), threading.Event()

    async def wait(_command: Wait, _report: Report) -> Message:
        started.set()
        try:
            await trio.sleep_forever()
        finally:
            cancelled.set()

    with serving(tmp_path, {Wait: wait, Ping: pong}):
        connection = connect(tmp_path)
        connection.sendall(b'{"command": "wait"}\n')
        assert started.wait(10)
        connection.close()
        assert cancelled.wait(10)
        assert ask(tmp_path, Ping()) == PONG


def test_a_hundred_clients_wait_at_once(tmp_path: Path, serving: Serving) -> None:
    arrived = trio.Event()
    count = 0

    async def wait(_command: Wait, _report: Report) -> Message:
        nonlocal count
        count += 1
        if count == 100:
            arrived.set()
        await arrived.wait()
        return {}

    with serving(tmp_path, {Wait: wait}), contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(tmp_path)) for _ in range(100)]
        for connection in connections:
            connection.sendall(b'{"command": "wait"}\n')
        assert {connection.recv(100) for connection in connections} == {b'{"result":{}}\n'}


def test_a_client_too_many_is_told_so_at_once_and_is_served_when_another_has_left(
    tmp_path: Path, serving: Serving
) -> None:
    full, left = threading.Event(), threading.Event()
    count = 0

    async def wait(_command: Wait, _report: Report) -> Message:
        nonlocal count
        count += 1
        if count == CLIENTS_MAX:
            full.set()
        try:
            await trio.sleep_forever()
        finally:
            left.set()

    with serving(tmp_path, {Wait: wait, Ping: pong}), contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(tmp_path)) for _ in range(CLIENTS_MAX)]
        for connection in connections:
            connection.sendall(b'{"command": "wait"}\n')
        assert full.wait(30)
        for _ in range(20):
            with pytest.raises(DaemonBusy, match="serves 250 commands already"):
                ask(tmp_path, Ping())
        connections.pop().close()
        assert left.wait(30)
        assert _answer_when_not_busy(tmp_path) == PONG


def _answer_when_not_busy(folder: Path) -> Pong:
    for _ in range(100):
        with contextlib.suppress(DaemonBusy):
            return ask(folder, Ping())
        time.sleep(0.02)
    pytest.fail("still busy after two seconds")


def test_the_client_gives_up_in_time(tmp_path: Path, serving: Serving) -> None:
    async def wait(_command: Wait, report: Report) -> Message:
        while True:
            await report({"due": 1})
            await trio.sleep(0.01)

    with serving(tmp_path, {Wait: wait}), pytest.raises(TooSlow):
        ask(tmp_path, Wait(), timeout_s=0.2)


def test_a_daemon_that_ends_before_it_answers_is_not_running(tmp_path: Path, serving: Serving) -> None:
    started = threading.Event()
    met: list[Exception] = []

    async def wait(_command: Wait, _report: Report) -> Message:
        started.set()
        await trio.sleep_forever()

    def client() -> None:
        try:
            ask(tmp_path, Wait())
        except DaemonNotRunning as error:
            met.append(error)

    thread = threading.Thread(target=client)
    with serving(tmp_path, {Wait: wait}):
        thread.start()
        assert started.wait(10)
    thread.join(10)
    assert [str(error) for error in met] == ["the daemon stopped before it answered"]


def test_the_reply_to_the_command_that_ends_the_daemon_still_arrives(tmp_path: Path) -> None:
    scopes: list[trio.CancelScope] = []

    async def stop(_command: Stop, _report: Report) -> Message:
        scopes[0].cancel()
        return {}

    async def main() -> None:
        handlers: Handlers = {Stop: stop}
        with control_socket(tmp_path, tmp_path) as listener, trio.CancelScope() as scope:
            scopes.append(scope)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(serve, listener, handlers)
                assert await trio.to_thread.run_sync(ask, tmp_path, Stop()) == {}

    trio.run(main)


@pytest.mark.parametrize("obstacle", ["no folder", "no socket", "dead socket", "a file instead of the folder"])
def test_nobody_answers(tmp_path: Path, obstacle: str) -> None:
    folder = tmp_path / "state"
    if obstacle in {"no socket", "dead socket"}:
        folder.mkdir()
    if obstacle == "dead socket":
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(folder / SOCKET_NAME))
    if obstacle == "a file instead of the folder":
        folder.write_text("")
    with pytest.raises(DaemonNotRunning, match=r"the daemon isn't running: nobody answers at .*control\.sock"):
        ask(folder, Ping())


def test_a_path_longer_than_a_socket_address_works(tmp_path: Path, serving: Serving) -> None:
    state = tmp_path / ("x" * 150) / ("y" * 150)
    state.mkdir(parents=True)
    with serving(state, {Ping: pong}):
        assert ask(state, Ping()) == PONG


def test_the_socket_is_for_its_user_alone_and_gone_afterwards(tmp_path: Path, serving: Serving) -> None:
    with serving(tmp_path, {Ping: pong}):
        mode = (tmp_path / SOCKET_NAME).stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
        assert [*tmp_path.iterdir()] == [tmp_path / SOCKET_NAME]
    assert [*tmp_path.iterdir()] == []


def test_the_state_folder_leads_to_a_socket_in_the_runtime_folder(tmp_path: Path, serving: Serving) -> None:
    state, runtime = tmp_path / "state", tmp_path / "run" / "photofsd"
    state.mkdir()
    with serving(state, {Ping: pong}, runtime=runtime):
        assert ask(state, Ping()) == PONG
        assert ask(runtime, Ping()) == PONG
        assert stat.S_IMODE(runtime.stat().st_mode) == 0o700
    assert [*state.iterdir(), *runtime.iterdir()] == []


def test_a_socket_left_by_a_killed_daemon_is_replaced(tmp_path: Path, serving: Serving) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / SOCKET_NAME))
    with serving(tmp_path, {Ping: pong}):
        assert ask(tmp_path, Ping()) == PONG


def test_a_second_daemon_is_refused_and_the_first_goes_on(tmp_path: Path, serving: Serving) -> None:
    with serving(tmp_path, {Ping: pong}):
        with pytest.raises(PhotofsdError, match="another daemon listens"), control_socket(tmp_path, tmp_path):
            pass
        assert ask(tmp_path, Ping()) == PONG


def test_a_client_that_never_asks_is_dropped_after_a_while() -> None:
    async def main() -> None:
        client, server = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            handlers: Handlers = {Ping: pong}
            nursery.start_soon(serve_client, handlers, server)
            await client.send_all(b'{"command"')
            assert await client.receive_some() == b""

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_client_that_reads_nothing_is_given_up() -> None:
    async def chatter(_command: Wait, report: Report) -> Message:
        while True:
            await report({"due": 1})

    async def main() -> None:
        client, server = trio.testing.lockstep_stream_pair()
        async with trio.open_nursery() as nursery:
            handlers: Handlers = {Wait: chatter}
            nursery.start_soon(serve_client, handlers, server)
            await client.send_all(b'{"command": "wait"}\n')

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_daemon_of_another_user_is_not_taken_for_a_missing_one(tmp_path: Path, serving: Serving) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    with serving(tmp_path, {Ping: pong}), _as_nobody(), pytest.raises(PhotofsdError, match="belongs to another user"):
        connect(tmp_path)


@contextlib.contextmanager
def _as_nobody() -> Iterator[None]:
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
