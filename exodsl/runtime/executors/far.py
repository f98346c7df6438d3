"""What an executor calls, wherever that is: loads a node, runs its body, returns how it ended as plain data.

Other bodies may run in the same process at the same time, so nothing here is changed for all of it: what a body
prints, and what it logs with loggers of its own, stays where it runs.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from logging import Logger
from time import monotonic, thread_time_ns

from pydantic import ValidationError

from exodsl.dsl.body import Body
from exodsl.dsl.code import Address, Injected
from exodsl.dsl.context import Context, Progress
from exodsl.dsl.loader import load_node
from exodsl.dsl.store import StoreSession
from exodsl.engine.notes import Line, Progressed
from exodsl.engine.reports import Usage
from exodsl.errors import TargetError
from exodsl.runtime.blocking import run_body
from exodsl.runtime.frames import Envelope, Request, Told, pack_envelope, unpack_request
from exodsl.runtime.judging import raised
from exodsl.runtime.loading import loading
from exodsl.runtime.page import Page
from exodsl.runtime.recording import Recorder
from exodsl.runtime.telling import StateLogger, progressed

_IMPORTS = threading.Lock()
"""A second thread must not see a module while the first still executes it."""


def run_far(message: bytes, call: str) -> bytes:
    """Run one body; whatever it raises is in the answer, so that no exception of others has to be pickled.

    :param message: a request, packed.
    :param call: different each time, as an executor may take equal calls for one.
    """
    try:
        request = unpack_request(message)
    except ValidationError:  # what it says would show values of the request, secrets among them
        said = "The exodsl where the body was to run does not understand this request. Install one version everywhere."
        return pack_envelope(Envelope(raised(TargetError(said))))
    return pack_envelope(_answer(request))


def _answer(request: Request) -> Envelope:
    try:
        body = _load(Address(request.source, request.qualname))
    except BaseException as error:  # noqa: BLE001 - a module may raise anything while it is imported
        return Envelope(raised(error))
    recorder, ear = Recorder(), _Ear()
    context = _FarContext(
        request.run_id,
        request.identifier,
        request.retry_count,
        request.idempotency_key,
        request=request,
        recorder=recorder,
        ear=ear,
    )
    begun, cpu = monotonic(), thread_time_ns()
    ending = run_body(body, request.inputs, Injected(context, StoreSession(lambda: request.store), request.secrets))
    usage = Usage(int((monotonic() - begun) * 1000), (thread_time_ns() - cpu) // 1000)
    return Envelope(ending, logged=recorder.lines(), usage=usage, told=ear.told())


def _load(address: Address) -> Body:
    with _IMPORTS, loading(str(address)):
        return load_node(address).body


class _Ear:
    """Hears a body, from any of its threads; remembers no more than is kept."""

    def __init__(self) -> None:
        self._lock, self._page = threading.Lock(), Page()

    def hear(self, note: Line | Progressed) -> None:
        with self._lock:
            self._page.add(note)

    def told(self) -> Told:
        with self._lock:
            return self._page.told()


@dataclass(slots=True, kw_only=True)
class _FarContext(Context):
    request: Request = field(repr=False)
    recorder: Recorder = field(repr=False)
    ear: _Ear = field(repr=False)

    def _make_log(self) -> Logger:
        request = self.request
        node = Logger(request.logger, request.log_level)  # noqa: LOG001 - of this body alone, as others may run here
        node.addHandler(self.recorder)
        return StateLogger(node, request.kept_from, self.ear.hear, request.secrets.values())

    def _tell(self, progress: Progress) -> None:
        self.ear.hear(progressed(progress, self.request.secrets.values()))
