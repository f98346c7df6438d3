"""What a runtime and the processes of its bodies say to each other: JSON behind its length, nothing pickled."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, BinaryIO

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from exodsl.engine.notes import Line, Progressed
from exodsl.engine.reports import Executed, Pruned, Requeued, Usage
from exodsl.runtime.judging import Ending, Raised

LENGTH = 8
STARTED = b""
"""What a child sends when the node is loaded and its body is about to run."""
NOTE = b"."
"""What a message begins with that tells what a body says, any number of times before the envelope."""
_NOTES: dict[str, type[Line | Progressed]] = {kind.__name__: kind for kind in (Line, Progressed)}
_ENDINGS = {kind.__name__: kind for kind in (Executed, Pruned, Requeued, Raised)}


@dataclass(frozen=True, slots=True)
class Request:
    """One body to run in a child: where it is found, and what it gets."""

    source: str
    qualname: str
    inputs: str
    run_id: str
    identifier: str
    retry_count: int
    idempotency_key: str
    logger: str
    log_level: int
    kept_from: int
    secrets: dict[str, str] = field(repr=False)
    store: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LogLine:
    """A log record as plain data."""

    name: str
    level: int
    message: str
    path: str
    line: int
    function: str | None
    created: float
    error: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a body said until its end, where it was not heard before; `skipped` lines gave way already."""

    lines: tuple[Line, ...] = ()
    skipped: int = 0
    progress: Progressed | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """How a body ended in a child, with what it printed and logged."""

    ending: Ending
    printed: str = ""
    complained: str = ""
    logged: tuple[LogLine, ...] = ()
    usage: Usage | None = None
    told: Told = Told()


def pack_request(request: Request) -> bytes:
    """Return the message that asks a child to run a body."""
    return to_json(request)


def unpack_request(message: bytes) -> Request:
    """Read a message that `pack_request` made."""
    request: Request = _reader(Request).validate_json(message)
    return request


def pack_envelope(envelope: Envelope) -> bytes:
    """Return the message that answers a request."""
    return to_json({"kind": type(envelope.ending).__name__, "envelope": envelope})


def pack_note(note: Line | Progressed) -> bytes:
    """Return the message that tells what a body says while it runs."""
    return NOTE + to_json({"kind": type(note).__name__, "note": note})


def unpack_note(message: bytes) -> Line | Progressed:
    """Read a message that `pack_note` made."""
    told = from_json(message.removeprefix(NOTE))
    return _NOTES[told["kind"]](**told["note"])


def unpack_envelope(message: bytes) -> Envelope:
    """Read a message that `pack_envelope` made."""
    answer = from_json(message)
    fields = answer["envelope"]
    ending: Ending = _reader(_ENDINGS[answer["kind"]]).validate_python(fields["ending"])
    logged = tuple(LogLine(**line) for line in fields["logged"])
    usage = None if fields["usage"] is None else Usage(**fields["usage"])
    told: Told = _reader(Told).validate_python(fields["told"])
    return Envelope(ending, fields["printed"], fields["complained"], logged, usage, told)


def frame(message: bytes) -> bytes:
    """Put its length before a message."""
    return len(message).to_bytes(LENGTH, "big") + message


def read_frame(stream: BinaryIO) -> bytes | None:
    """Read one message; `None` when the other side has gone."""
    head = stream.read(LENGTH)
    if len(head) < LENGTH:
        return None
    return stream.read(int.from_bytes(head, "big"))


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
