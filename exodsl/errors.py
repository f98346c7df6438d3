"""Every error that exodsl raises on purpose.

::

    ExodslError
    ├── DefinitionError          a node, a graph or a mapping is written wrongly
    │   ├── ReferenceMisuse      a reference is used as a value while declaring
    │   ├── SecretUnavailable    a secret has no value, or no key opens it
    │   └── NodeRefused          a node cannot be understood
    │       ├── NotStorable      what it takes or gives cannot be JSON
    │       └── NotImportable    another process cannot import it
    ├── GraphInvalid             compiling found something; carries every finding
    ├── GraphNotReady            the nodes of a graph are not registered as it needs them
    ├── NotExpressible           a graph uses what Exosphere has not; carries every misfit
    ├── TargetError              a module, file or template cannot be loaded
    ├── SettingInvalid           a runtime is given a number or an option that cannot be meant
    ├── ExtraMissing             an optional part of exodsl is not installed
    ├── InputInvalid             what was given at trigger does not fit the graph
    │   ├── FilterInvalid        a filter cannot be understood; says at which column
    │   └── RequestTooLarge      it is more than a server takes in one request
    ├── OutputInvalid            what a body returned does not fit its node
    ├── NotFound                 a graph, run, state or schedule is not there
    │   ├── GraphNotFound
    │   ├── RunNotFound
    │   ├── ScheduleNotFound
    │   ├── SessionUnknown   a server does not know a runtime any more
    │   └── StateNotFound
    ├── TransitionRefused        a state or run is not in a status that allows the move
    │   └── RetryRepeated        a manual retry was asked for before, by the same word
    ├── StoreUnavailable         the store of this run was cleaned up
    ├── RunStuck                 a run in a test cannot end, or does not
    ├── RunFailed                a value of a failed run was asked for
    ├── BodyCrashed              the process of a body ended without an answer
    ├── BodyFailed               a body raised; the text is all that Exosphere keeps of it
    ├── ExecutorUnusable         an executor cannot be had, or can run no bodies any more
    ├── NamespaceRefused         a key that is limited to namespaces was shown for what is beyond them
    └── DatabaseUnusable         the database cannot be opened, read or written
        ├── DatabaseMissing      there is none, and nothing was to be made
        ├── DatabaseLocked       another program holds it
        ├── ReadOnly             it was opened for reading, and something was to be changed
        ├── ReadTimeout          a look at it took longer than it may
        ├── SchemaMismatch       it was written by another version of exodsl
        │   └── SchemaOutdated   by an earlier one, and it was opened for reading only
        ├── KeyRefused           a server does not take the key that was shown
        └── TransactionUndone    nothing was recorded: the connection was lost, or others were in the way

Each error also inherits the builtin that a caller would expect, carries what it is
about as attributes, and has a short ``code`` for programs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import ClassVar, Protocol


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean "x"?`` for the nearest known name, or nothing."""
    near = get_close_matches(name, list(known), n=1)
    return f' Did you mean "{near[0]}"?' if near else ""


class ExodslError(Exception):
    """The root of every error that exodsl raises on purpose."""

    code: ClassVar[str] = "exodsl"


class DefinitionError(ExodslError, TypeError):
    """A node, a graph or a mapping is written in a way that cannot be understood."""

    code = "definition"


class ReferenceMisuse(DefinitionError):
    """A reference stands for a value that exists only while a run goes on."""

    code = "reference"


class SecretUnavailable(DefinitionError):
    """A secret has no value, or no key is there to seal or open it (semantics 8)."""

    code = "secret"


class NodeRefused(DefinitionError):
    """A node's signature or annotations cannot be understood (semantics 1)."""

    code = "E145"


class NotStorable(NodeRefused):
    """What a node takes or gives cannot be stored as JSON."""

    code = "E141"


class NotImportable(NodeRefused):
    """A node has no module-level name, so another process cannot import it."""

    code = "E140"


class Finding(Protocol):
    """What `GraphInvalid` needs to know of one thing that a check found."""

    @property
    def code(self) -> str: ...

    def __str__(self) -> str: ...


class GraphInvalid(ExodslError, ValueError):
    """A graph did not pass its checks; `findings` holds all that was found."""

    code = "graph-invalid"

    def __init__(self, graph: str, findings: Sequence[Finding]) -> None:
        self.graph = graph
        self.findings = tuple(findings)
        count = len(self.findings)
        head = f'Graph "{graph}" has {count} problem{"" if count == 1 else "s"}:'
        super().__init__("\n".join([head, *(f"  {finding}" for finding in self.findings)]))


class GraphNotReady(ExodslError, ValueError):
    """A graph does not fit what runtimes say of its nodes; `misfits` says where."""

    code = "graph-not-ready"

    def __init__(self, graph: str, misfits: Sequence[str]) -> None:
        self.graph, self.misfits = graph, tuple(misfits)
        super().__init__(f'Graph "{graph}" is not valid for the nodes that are registered: {" ".join(misfits)}')


class NotExpressible(ExodslError, ValueError):
    """A graph, or one of its nodes, uses what Exosphere has not; `misfits` says what, and what to do."""

    code = "not-expressible"

    def __init__(self, graph: str, misfits: Sequence[str]) -> None:
        self.graph, self.misfits = graph, tuple(misfits)
        count = len(self.misfits)
        head = f'Graph "{graph}" uses {count} {"thing" if count == 1 else "things"} that Exosphere has not:'
        super().__init__("\n".join([head, *(f"  {misfit}" for misfit in self.misfits)]))


class TargetError(ExodslError, ValueError):
    """A target (a file, a module, a template) cannot be turned into a graph."""

    code = "target"


class SettingInvalid(ExodslError, ValueError):
    """A runtime is given a number or an option that cannot be meant."""

    code = "setting"


class ExtraMissing(ExodslError, ImportError):
    """Something needs an optional part of exodsl that is not installed."""

    code = "extra-missing"

    def __init__(self, what: str, extra: str, condition: str = "") -> None:
        self.extra = extra
        super().__init__(
            f'{what} need a part of exodsl that is not installed: pip install "exodsl[{extra}]"{condition}'
        )


class InputInvalid(ExodslError, ValueError):
    """The inputs or the store given at trigger do not fit the graph."""

    code = "input-invalid"


class FilterInvalid(InputInvalid):
    """The text of a filter cannot be understood.

    :param text: the filter; what is wrong in it stands between `start` and `end`, counted from 0.
    """

    code = "filter-invalid"

    def __init__(self, text: str, start: int, end: int, reason: str) -> None:
        self.text, self.start, self.end, self.reason = text, start, end, reason
        super().__init__(f"Column {start + 1} of the filter: {reason}")


class RequestTooLarge(InputInvalid):
    """Something is more than a server takes in one request.

    :param size: how many bytes it is; `limit` is what the server takes, where that is known.
    """

    code = "request-too-large"

    def __init__(self, size: int, limit: int | None = None) -> None:
        self.size, self.limit = size, limit
        most = "" if limit is None else f", which is {limit:,}"
        super().__init__(
            f"This makes a request of {size:,} bytes, more than the server takes{most}. Give less at once, or start the"
            " server with a larger --body-limit."
        )


class OutputInvalid(ExodslError, ValueError):
    """A body returned something that its node's outputs do not allow."""

    code = "output-invalid"


class NotFound(ExodslError, LookupError):
    """What was asked for is not in this database."""

    code = "not-found"


class GraphNotFound(NotFound):
    """No template of this name is stored in this namespace."""

    code = "graph-not-found"

    def __init__(self, namespace: str, name: str, known: Iterable[str] = (), version: int | None = None) -> None:
        self.namespace, self.name, self.version = namespace, name, version
        if version is None:
            message = f'No graph "{name}" is stored in namespace "{namespace}".{did_you_mean(name, known)}'
        else:
            message = f'Graph "{name}" in namespace "{namespace}" has no version {version}.'
        super().__init__(message)


class RunNotFound(NotFound):
    """No run, or more than one, has this id."""

    code = "run-not-found"

    def __init__(self, run_id: str, matches: Sequence[str] = ()) -> None:
        self.run_id, self.matches = run_id, tuple(matches)
        if matches:
            message = f'"{run_id}" fits {len(matches)} runs: {", ".join(matches)}. Give more digits.'
        else:
            message = f'No run "{run_id}" is in this database. `exodsl runs` lists those that are.'
        super().__init__(message)


class StateNotFound(NotFound):
    """No state has this id."""

    code = "state-not-found"

    def __init__(self, state_id: int | str) -> None:
        self.state_id = state_id
        super().__init__(f'No state "{state_id}" is in this database. `exodsl states RUN` lists a run\'s states.')


class ScheduleNotFound(NotFound):
    """No schedule has this id."""

    code = "schedule-not-found"

    def __init__(self, schedule_id: int) -> None:
        self.schedule_id = schedule_id
        super().__init__(f'No schedule "{schedule_id}" is in this database. `exodsl schedules` lists those that are.')


class SessionUnknown(NotFound):
    """The session of a runtime that is elsewhere is not known, or not here; it says what it has, or opens another."""

    code = "session-unknown"

    def __init__(self, session: int) -> None:
        self.session = session
        super().__init__(f"Session {session} is not known here. Say what the runtime holds, or open a session anew.")


class TransitionRefused(ExodslError, RuntimeError):
    """The status of a state or run does not allow what was asked for (semantics 3)."""

    code = "transition-refused"

    def __init__(self, what: str, status: str, wanted: str) -> None:
        self.what, self.status, self.wanted = what, status, wanted
        super().__init__(f"{what} is {status}; {wanted}.")


class RetryRepeated(TransitionRefused):
    """A manual retry was asked for before, by the same word."""

    code = "retry-repeated"

    def __init__(self, state_id: int, word: str) -> None:
        self.word = word
        super().__init__(
            f"State {state_id}", "retried", f'"{word}" was given to a retry of its node in this run before'
        )


class StoreUnavailable(ExodslError, LookupError):
    """The store of a run was cleaned up when the run ended (semantics 7)."""

    code = "store-cleaned"

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(
            f'The store of run "{run_id}" was cleaned up when the run ended. `Graph(..., keep_store=True)` keeps it.'
        )


class RunStuck(ExodslError, RuntimeError):
    """A run that a test works on cannot end, or does not; names what waits."""

    code = "run-stuck"

    def __init__(self, run_id: str, message: str) -> None:
        self.run_id = run_id
        super().__init__(message)


class RunFailed(ExodslError, RuntimeError):
    """A run failed; names the node, its inputs and the traceback of the first cause."""

    code = "run-failed"

    def __init__(self, run_id: str, message: str, *, identifier: str | None = None) -> None:
        self.run_id, self.identifier = run_id, identifier
        super().__init__(message)


class BodyCrashed(ExodslError, RuntimeError):
    """The process that ran a body ended without an answer; the state failed, the run goes on."""

    code = "body-crashed"

    def __init__(self, identifier: str, how: str, executor: str | None = None) -> None:
        self.identifier, self.how, self.executor = identifier, how, executor
        if executor is None:
            super().__init__(f'The process that ran "{identifier}" ended {how}, without an answer.')
        else:
            super().__init__(f'Executor "{executor}" gave no answer for "{identifier}": {how}')


class ExecutorUnusable(ExodslError, RuntimeError):
    """An executor cannot be had, or can run no bodies any more; what it was to run waits, and can be gone on with."""

    code = "executor"

    def __init__(self, executor: str, reason: str, cure: str = "Start again when it can be used.") -> None:
        self.executor = executor
        super().__init__(f'Executor "{executor}" cannot be used: {reason.rstrip(".")}. {cure}')


class NamespaceRefused(ExodslError, PermissionError):
    """A key that is limited to namespaces was shown for another one; `None`: for what is beyond them otherwise."""

    code = "namespace-refused"

    def __init__(self, namespace: str | None = None) -> None:
        self.namespace = namespace
        super().__init__(
            "The key is limited to namespaces, and this is beyond them. Show the key without limits."
            if namespace is None
            else f'The key is not for namespace "{namespace}". Show one that is: whoever runs the server makes them.'
        )


class BodyFailed(ExodslError, RuntimeError):
    """A body raised while Exosphere's SDK ran it; the text has type, message and traceback, and no secrets."""

    code = "body-failed"


class DatabaseUnusable(ExodslError, OSError):
    """A database cannot be opened, read or written."""

    code = "database"


class DatabaseMissing(DatabaseUnusable):
    """There is no database where one is to be read."""

    code = "database-missing"


class DatabaseLocked(DatabaseUnusable):
    """Another program holds a database and does not let go."""

    code = "database-locked"


class ReadOnly(DatabaseUnusable):
    """A database was opened for reading only, and something was to be changed."""

    code = "read-only"

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f'Database "{path}" was opened read-only. Open it without that to change something.')


class ReadTimeout(DatabaseUnusable):
    """A look at a database took longer than it may, and was given up."""

    code = "read-timeout"

    def __init__(self, path: str, seconds: float) -> None:
        self.path, self.seconds = path, seconds
        super().__init__(f'A look at database "{path}" took more than {seconds:g} s and was given up. Ask for less.')


class SchemaMismatch(DatabaseUnusable):
    """A database was written by a newer exodsl, or is of an unknown shape."""

    code = "schema"


class SchemaOutdated(SchemaMismatch):
    """A database was written by an earlier exodsl; opening it to write brings it up to date."""

    code = "schema-outdated"


class KeyRefused(DatabaseUnusable):
    """A server does not take the key that was shown, or wants one."""

    code = "key-refused"

    def __init__(self, uri: str, *, shown: bool = True) -> None:
        self.uri = uri
        what = "does not take this key. Give the right one" if shown else "wants a key. Give it"
        super().__init__(f'The server "{uri}" {what}: in the variable EXOSPHERE_API_KEY, or as key=...')


class TransactionUndone(DatabaseUnusable):
    """A transaction left nothing behind, for a reason that passes; raised when it does not pass."""

    code = "undone"
