"""A child process: loads a node, runs its body, answers with an envelope of plain data."""

from __future__ import annotations

import io
import logging
import os
import queue
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from functools import partial
from typing import BinaryIO

from exodsl.dsl.code import Address, Injected
from exodsl.dsl.loader import load_node
from exodsl.dsl.store import StoreSession
from exodsl.engine.reports import Usage
from exodsl.runtime.blocking import run_body
from exodsl.runtime.frames import (
    STARTED,
    Envelope,
    Request,
    frame,
    pack_envelope,
    read_frame,
    unpack_request,
)
from exodsl.runtime.judging import Ending, raised
from exodsl.runtime.loading import loading
from exodsl.runtime.metering import Meter
from exodsl.runtime.outbox import ChildContext, Outbox
from exodsl.runtime.recording import Recorder


def serve() -> None:
    """Run bodies for the parent until it goes away."""
    inbox = _Inbox(os.fdopen(os.dup(0), "rb"))
    answers = os.fdopen(os.dup(1), "wb")
    with tempfile.TemporaryFile() as prints:
        _move_streams(prints.fileno())
        while (message := inbox.next()) is not None:
            _answer(unpack_request(message), answers)
            inbox.done()


class _Inbox:
    """What the parent asks for; read on a thread of its own, so that its end is noticed while a body runs."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._messages: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._asked = self._answered = 0
        threading.Thread(target=self._read, name="exodsl-inbox", daemon=True).start()

    def next(self) -> bytes | None:
        """Wait for a request; `None` when the parent has gone."""
        return self._messages.get()

    def done(self) -> None:
        """Note that a request was answered."""
        self._answered += 1

    def _read(self) -> None:
        while (message := read_frame(self._stream)) is not None:
            self._asked += 1
            self._messages.put(message)
        if self._asked > self._answered:
            _end_with_parent()
        self._messages.put(None)


def _end_with_parent() -> None:
    """End in the middle of a body: the parent was killed, and another runtime will run the state again."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # the programs that the body started, too
    os._exit(1)


def _move_streams(prints: int) -> None:
    # A program that a body starts inherits 0 and 1: they must not be the pipes to the parent.
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(prints, 1)
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)


def _answer(request: Request, answers: BinaryIO) -> None:
    complaints = io.StringIO()
    with _recording(request.log_level) as recorder, redirect_stderr(complaints):
        ending, usage = _run(request, answers)
    envelope = Envelope(ending, _printed(), complaints.getvalue(), recorder.lines(), usage)
    _send(answers, pack_envelope(envelope))


def _run(request: Request, answers: BinaryIO) -> tuple[Ending, Usage | None]:
    address = Address(request.source, request.qualname)
    try:
        with loading(str(address)):
            body = load_node(address).body
    except BaseException as error:  # noqa: BLE001 - a module may raise anything while it is imported
        return raised(error), None
    _send(answers, STARTED)
    outbox, meter = Outbox(partial(_send, answers)), Meter()
    try:
        return run_body(body, request.inputs, _injected(request, outbox)), meter.usage()
    finally:
        outbox.close()


def _injected(request: Request, outbox: Outbox) -> Injected:
    context = ChildContext(
        request.run_id,
        request.identifier,
        request.retry_count,
        request.idempotency_key,
        request=request,
        outbox=outbox,
    )
    return Injected(context, StoreSession(lambda: request.store), request.secrets)


def _send(answers: BinaryIO, message: bytes) -> None:
    answers.write(frame(message))
    answers.flush()


def _printed() -> str:
    """Return what was printed since the last body, by programs that it started as well."""
    sys.stdout.flush()
    size = os.lseek(1, 0, os.SEEK_END)
    os.lseek(1, 0, os.SEEK_SET)
    text = os.read(1, size).decode("utf-8", "replace")
    os.lseek(1, 0, os.SEEK_SET)
    os.ftruncate(1, 0)
    return text


@contextmanager
def _recording(level: int) -> Iterator[Recorder]:
    root, recorder = logging.getLogger(), Recorder()
    root.addHandler(recorder)
    root.setLevel(level)
    try:
        yield recorder
    finally:
        root.removeHandler(recorder)
