"""What a body's end means: exceptions become plain data, and plain data becomes a result."""

from __future__ import annotations

import os
import sysconfig
import traceback
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType

from pydantic_core import PydanticSerializationError, to_json

from exodsl.dsl.signals import Fatal, Prune, Requeue
from exodsl.engine.reports import ErrorInfo, Executed, Failed, Pruned, Requeued, StoreWrite
from exodsl.errors import DefinitionError, InputInvalid, OutputInvalid, TargetError
from exodsl.runtime.blotting import blotted
from exodsl.template.policies import RetryPolicy, qualified_name

FINAL = (Fatal, InputInvalid, OutputInvalid, DefinitionError, TargetError)
"""What no retry can mend, whatever the policy says (semantics 6)."""
_OURS = f"{Path(__file__).parents[1]}{os.sep}"
_FOREIGN = ("<frozen", *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")))
_MAIN = "__main__"

Writes = tuple[StoreWrite, ...]


@dataclass(frozen=True, slots=True)
class Raised:
    """A body failed; `names` are those of the exception's type and its bases.

    `final` says that no policy may retry it.
    """

    error: ErrorInfo
    names: tuple[str, ...]
    final: bool = False


Ending = Executed | Pruned | Requeued | Raised


def failure(raised: Raised, policy: RetryPolicy) -> Failed:
    """Judge by the retry policy whether what a body raised is worth another try."""
    return Failed(raised.error, retryable=not raised.final and policy.retries(raised.names))


def read_exception(
    error: BaseException,
    writes: Writes = (),
    *,
    home: str | None = None,
    secrets: Collection[str] = (),
) -> Ending:
    """Turn what a body raised into plain data.

    A signal inside exception groups counts as the signal when it is their only leaf (semantics 5).

    :param writes: what the body wrote to the store; commits with a prune and a requeue.
    :param home: the module of the node, whose types are also known as `__main__`'s.
    :param secrets: values that are blotted out of message and traceback (semantics 8).
    """
    leaf = only_leaf(error)
    if isinstance(leaf, Prune):
        return _pruned(leaf, writes, secrets)
    if isinstance(leaf, Requeue):
        return Requeued(max(1, leaf.after // timedelta(milliseconds=1)), writes)
    error = leaf if isinstance(leaf, FINAL) else error
    return raised(error, home=home, secrets=secrets)


def raised(error: BaseException, *, home: str | None = None, secrets: Collection[str] = ()) -> Raised:
    """Describe a failure as plain data; see `read_exception` for the parameters."""
    info = describe(error)
    if secrets:
        info = replace(info, message=blotted(info.message, secrets), traceback=blotted(info.traceback, secrets))
    return Raised(info, tuple(_names(type(error), home)), isinstance(error, FINAL))


def only_leaf(error: BaseException) -> BaseException:
    """Return the one exception inside nested groups, or the exception itself."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def describe(error: BaseException) -> ErrorInfo:
    """Return type, text, traceback (without frames of ours) and grouping key of an exception."""
    texts = (qualified_name(type(error)), _text(error), _traceback(error), _key(error))
    return ErrorInfo(*map(_storable, texts))


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as fault:  # noqa: BLE001 - the type of a user makes the text
        return f"It has no text: its own __str__ raised {type(fault).__name__}."


def _storable(text: str) -> str:
    """Return a text without halves of characters, which names of files bring along: no database takes them."""
    return text.encode("utf-8", "backslashreplace").decode()


def _pruned(signal: Prune, writes: Writes, secrets: Collection[str]) -> Ending:
    try:
        return Pruned(to_json(signal.data, inf_nan_mode="strings").decode(), writes)
    except PydanticSerializationError as error:
        return raised(OutputInvalid(f"The data of a prune cannot be stored as JSON: {error}"), secrets=secrets)


def _names(kind: type[BaseException], home: str | None) -> Iterator[str]:
    for base in kind.__mro__:
        yield qualified_name(base)
        # A module has another name as a script than where a process or a resume loads it.
        if home is not None and base.__module__ in (home, _MAIN):
            yield f"{home if base.__module__ == _MAIN else _MAIN}.{base.__qualname__}"


def _traceback(error: BaseException) -> str:
    told = traceback.TracebackException.from_exception(error, compact=True)
    for part in _parts(told):
        part.stack = traceback.StackSummary.from_list(
            [frame for frame in part.stack if not frame.filename.startswith(_OURS)]
        )
    return "".join(told.format())


def _parts(told: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    yield told
    for inner in (told.__cause__, told.__context__, *(told.exceptions or ())):
        if inner is not None:
            yield from _parts(inner)


def _key(error: BaseException) -> str:
    kind, place = qualified_name(type(error)), _innermost(error.__traceback__)
    return f"{kind} in {place}" if place else kind


def _innermost(trace: TracebackType | None) -> str | None:
    """Return file and function of the innermost frame that the user wrote, else of any not ours."""
    codes = [frame.f_code for frame, _ in traceback.walk_tb(trace)]
    foreign = [code for code in codes if not code.co_filename.startswith(_OURS)]
    written = [code for code in foreign if not code.co_filename.startswith(_FOREIGN)]
    if not foreign:
        return None
    code = (written or foreign)[-1]
    return f"{Path(code.co_filename).name}:{code.co_qualname}"
