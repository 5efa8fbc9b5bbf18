"""Every request gets an answer: what a handler raises becomes an errno, never the end of the mount."""

from __future__ import annotations

import functools
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar, TypeVarTuple

import trio
from pyfuse3 import FUSEError

from photofsd.errors import PhotofsdError
from photofsd.fuse import errno
from photofsd.fuse.requests import Requests, watched

_log = logging.getLogger(__name__)
_A = TypeVarTuple("_A")
_T = TypeVar("_T")


class Tally:
    """What was asked of the mount and what went wrong in it.

    requests: handled so far, by kind. faults: unexpected errors, by kind and place.
    """

    def __init__(self, refuse: Callable[[str], None]) -> None:
        self.requests: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._refuse = refuse

    def expected(self, error: PhotofsdError) -> int:
        """The errno of `error`; keeps its reason for /.photofsd/last-error when it is a refusal."""
        if errno.is_refusal(error):
            self._refuse(str(error))
        return errno.errno_of(error)

    def unexpected(self, request: str, error: Exception) -> int:
        """The errno for a fault in our own code, logged with its traceback the first time only."""
        kind = f"{request}: {type(error).__name__} at {_place_of(error)}"
        self.faults[kind] += 1
        if self.faults[kind] == 1:
            _log.error("a request failed unexpectedly (logged once): %s", kind, exc_info=error)
        return errno.UNEXPECTED


class Tallied(Protocol):
    """Whatever has handlers to guard. requests: what takes them."""

    tally: Tally
    requests: Requests


_S = TypeVar("_S", bound=Tallied)


def guarded(
    handler: Callable[[_S, *_A], Coroutine[Any, Any, _T]],
) -> Callable[[_S, *_A], Coroutine[Any, Any, _T]]:
    """Make `handler` raise nothing but FUSEError.

    A handler that is cancelled answers too: a request without an answer hangs its client in the kernel, and with it
    whoever waits for the same folder. Its task ends at the next request it would wait for.
    """
    request = handler.__name__

    @functools.wraps(handler)
    async def answer(self: _S, *args: *_A) -> _T:
        self.tally.requests[request] += 1
        try:
            return await watched(handler(self, *args), self.requests.one_waits)
        except FUSEError:
            raise
        except PhotofsdError as error:
            raise FUSEError(self.tally.expected(error)) from None
        except trio.Cancelled:
            raise FUSEError(errno.UNEXPECTED) from None
        except Exception as error:  # noqa: BLE001 - what is not answered ends the mount
            raise FUSEError(self.tally.unexpected(request, error)) from None

    return answer


def guarded_forget(
    handler: Callable[[_S, Sequence[tuple[int, int]]], None],
) -> Callable[[_S, Sequence[tuple[int, int]]], Coroutine[Any, Any, None]]:
    """Make a `forget` that raises nothing at all: there is nobody to answer."""

    @functools.wraps(handler)
    async def forget(self: _S, inode_list: Sequence[tuple[int, int]]) -> None:
        self.tally.requests["forget"] += 1
        try:
            handler(self, inode_list)
        except Exception as error:  # noqa: BLE001 - the same
            self.tally.unexpected("forget", error)

    return forget


def _place_of(error: Exception) -> str:
    """File and line where `error` was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
