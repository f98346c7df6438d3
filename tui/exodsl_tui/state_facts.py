"""Everything that a screen says of one state: read at once, and put into lines by pure functions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from exodsl.manager.inspection import Relatives
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import RunView, StateNotes, StateView
from exodsl_tui.differences import differences
from exodsl_tui.signs import STATES, Piece, Pieces, Signs, Tone, word
from exodsl_tui.tracebacks import Frame, Part, Told, folded, parts_of
from exodsl_tui.words import at, due, place, pretty, say, size, took

HEAD = 256 * 1024
"""Characters of a value that are shown; the rest is left to a file."""
MOST_ATTEMPTS = 20
"""Attempts that are compared: the last ones."""
MOST_RELATIVES = 50


@dataclass(frozen=True, slots=True)
class StateFacts:
    """One state, and what is around it.

    :param attempts: the states of its place that were tried before and after it, as far as they are compared.
    :param secrets: names of the secrets that its node declares; no value is ever read.
    :param fans_out: whether its node gives many outputs.
    """

    state: StateView
    notes: StateNotes
    relatives: Relatives
    run: RunView
    attempts: tuple[StateView, ...]
    secrets: tuple[str, ...]
    fans_out: bool

    @property
    def attempt(self) -> tuple[int, int]:
        """Which attempt it is, and of how many."""
        ids = [one.state_id for one in self.relatives.attempts]
        number = ids.index(self.state.state_id) + 1 if self.state.state_id in ids else self.state.attempt + 1
        return number, max(len(ids), number)


@dataclass(frozen=True, slots=True)
class Around:
    """What lines depend on besides the state: the terminal and the time."""

    signs: Signs
    now: datetime
    zone: tzinfo | None


def read_state(manager: StateManager, state_id: int) -> StateFacts:
    """Read a state; in the reader's thread."""
    state = manager.state(state_id)
    relatives = manager.relatives(state_id, limit=MOST_RELATIVES)
    run = manager.run(state.run_id)
    node = manager.template(run.namespace, run.graph, run.version).node(state.identifier)
    chain = relatives.attempts[-MOST_ATTEMPTS:] if len(relatives.attempts) > 1 else ()
    return StateFacts(
        state,
        manager.notes(state_id),
        relatives,
        run,
        tuple(state if one.state_id == state_id else manager.state(one.state_id) for one in chain),
        node.secrets,
        node.fans_out is True,
    )


def head_lines(facts: StateFacts, around: Around) -> list[Pieces]:
    """Return the lines that stand above every tab."""
    state, (number, of) = facts.state, facts.attempt
    where = place(state.path, state.fanout_index, own=facts.fans_out)
    title: Pieces = (
        around.signs.state(state.status),
        (f" {state.identifier}", "strong"),
        (f"  state {state.state_id}", ""),
        ("" if where == "-" else f"  place {where}", ""),
        (f"  {word(STATES, state.status)}", around.signs.state(state.status)[1]),
        (f"  attempt {number} of {of}" if of > 1 else "", ""),
    )
    return [title, say(_times(state, around), "dim"), *_waiting(facts, around)]


def _times(state: StateView, around: Around) -> str:
    parts = [f"created {at(state.created_at, around.zone, around.now)}"]
    if state.started_at is not None:
        parts.append(f"started {at(state.started_at, around.zone, around.now)}")
    begun = state.started_at or state.queued_at
    if begun is not None:
        parts.append(f"took {took(begun, state.finished_at, around.now)}")
    if state.cpu_seconds is not None:
        parts.append(f"cpu {state.cpu_seconds:.2f}s")
    if state.peak_memory is not None:
        parts.append(f"memory {size(state.peak_memory)}")
    if state.retry_count:
        parts.append(f"retries {state.retry_count}")
    return "  ".join(parts)


def _waiting(facts: StateFacts, around: Around) -> list[Pieces]:
    """Say what a state that was not begun waits for."""
    state, run = facts.state, facts.run
    if state.status != "CREATED" or run.finished_at is not None:
        return []
    lines: list[Pieces] = []
    ahead = due(state.enqueue_after, around.now)
    if ahead is not None:
        lines.append(say(f"waits for its time: {ahead}", "retry"))
    if run.status == "PAUSED":
        lines.append(say("waits because its run is paused: exodsl resume lets it go on", "retry"))
    elif not run.served:
        lines.append(say("waits for a runtime: none serves its run; exodsl runtime FILE.py starts one", "retry"))
    elif state.identifier in run.unserved:
        gone = f'waits for the code of node "{state.node_name}": no runtime that is there has it'
        lines.append(say(f"{gone}; exodsl runtime FILE.py with that node goes on", "retry"))
    return lines


def input_lines(facts: StateFacts, _around: Around) -> list[Pieces]:
    """Return the inputs, and the names of secrets."""
    lines = value_lines(facts.state.inputs)
    if facts.secrets:
        lines += [(), say(f"secrets, never shown: {', '.join(facts.secrets)}", "dim")]
    return lines


def output_lines(facts: StateFacts, _around: Around) -> list[Pieces]:
    """Return the outputs, or what a prune left."""
    state = facts.state
    if state.data is not None:
        return [say("pruned, with:", "dim"), *value_lines(state.data)]
    if state.outputs is None:
        return [say("no outputs" if state.finished_at else "no outputs yet", "dim")]
    return value_lines(state.outputs)


def value_lines(value: Any) -> list[Pieces]:
    """Return a JSON value over several lines; of a large one its beginning and its size."""
    text = pretty(value)
    lines: list[Pieces] = []
    if len(text) > HEAD:
        lines.append(say(f"{size(len(text))}, the first {size(HEAD)} follow; w writes all of it to a file", "retry"))
        text = text[:HEAD]
    return [*lines, *(say(line) for line in text.splitlines())]


def error_lines(facts: StateFacts, around: Around, *, unfolded: bool) -> list[Pieces]:
    """Return the error: its message, frames of the project, then the whole traceback with libraries folded."""
    error = facts.state.error
    if error is None:
        return [say("no error", "dim")]
    first, *rest = error.message.splitlines() or [""]
    lines: list[Pieces] = [say(f"{error.name}: {first}", "bad"), *(say(line, "bad") for line in rest)]
    parts = parts_of(error.traceback)
    frames = [part for part in parts if isinstance(part, Frame)]
    own = [frame for frame in frames if not frame.library]
    if own and len(own) < len(frames):
        lines += [(), say("in the project", "strong")]
        lines += [line for frame in own for line in _frame(frame)]
    if parts:
        lines += [(), say("traceback", "strong")]
        shown: Sequence[Part | int] = parts if unfolded else folded(parts)
        lines += [line for part in shown for line in _part(part, around.signs)]
    return lines


def _part(part: Part | int, signs: Signs) -> list[Pieces]:
    if isinstance(part, int):
        many = "a library frame" if part == 1 else f"{part} library frames"
        return [say(f"  {signs.folded} {many}, x unfolds", "dim")]
    if isinstance(part, Told):
        return [say(part.text)]
    return _frame(part)


def _frame(frame: Frame) -> list[Pieces]:
    where: Pieces = (
        ("  ", ""),
        (f"{frame.file}:{frame.line}", "dim" if frame.library else "accent"),
        (f" in {frame.name}" if frame.name else "", "dim"),
    )
    return [where, *(say(f"      {line}", "dim" if frame.library else "") for line in frame.code)]


def attempt_lines(facts: StateFacts, around: Around) -> list[Pieces]:
    """Return the attempts of the place, oldest first, each with what differs from the one before."""
    if not facts.attempts:
        return [say("the only attempt", "dim")]
    lines: list[Pieces] = []
    hidden = len(facts.relatives.attempts) - len(facts.attempts)
    if hidden:
        lines.append(say(f"{hidden} earlier attempts are left out", "dim"))
    before: StateView | None = None
    for number, state in enumerate(facts.attempts, hidden + 1):
        here: Piece = ("  < this one", "accent") if state.state_id == facts.state.state_id else ("", "")
        begun = took(state.started_at or state.queued_at, state.finished_at, around.now)
        lines.append(
            (
                around.signs.state(state.status),
                (f" {number}  state {state.state_id}", "strong"),
                (f"  {word(STATES, state.status)}, {at(state.created_at, around.zone, around.now)}, took {begun}", ""),
                here,
            )
        )
        if state.error is not None:
            lines.append(say(f"    {state.error.name}: {state.error.message}", "bad"))
        lines += [] if before is None else _compared(before, state)
        before = state
    return lines


def _compared(before: StateView, state: StateView) -> list[Pieces]:
    found: list[Pieces] = []
    for field, old, new in differences(_comparable(before), _comparable(state)):
        found += [] if old is None else [say(f"    - {field}: {old}", "retry")]
        found += [] if new is None else [say(f"    + {field}: {new}", "ok")]
    return found or [say("    the same inputs, outputs and error as before", "dim")]


def _comparable(state: StateView) -> Mapping[str, Any]:
    error = None if state.error is None else f"{state.error.name}: {state.error.message}"
    return {"inputs": state.inputs, "outputs": state.outputs, "error": error}


def log_lines(facts: StateFacts, around: Around) -> list[Pieces]:
    """Return how far the body said that it is, and what it logged."""
    notes, lines = facts.notes, list[Pieces]()
    if notes.progress is not None:
        step = notes.progress
        of = "" if step.total is None else f" of {step.total:g}"
        share = f" ({step.done / step.total:.0%})" if step.total else ""
        note = f"  {step.note}" if step.note else ""
        when = at(step.at, around.zone, around.now)
        lines += [(("progress ", "strong"), (f"{step.done:g}{of}{share}{note}", ""), (f"  at {when}", "dim")), ()]
    if notes.dropped:
        lines.append(say(f"{notes.dropped} earlier lines gave way", "dim"))
    for line in notes.lines:
        tone: Tone = "bad" if line.level in ("ERROR", "CRITICAL") else "retry" if line.level == "WARNING" else ""
        head, *rest = line.message.splitlines() or [""]
        when = at(line.at, around.zone, around.now)
        lines.append(((f"{when} ", "dim"), (f"{line.level} ", tone), (head, "")))
        lines += [say(f"  {more}") for more in rest]
    return lines or [say("it logged nothing", "dim")]


def raw_value(facts: StateFacts) -> dict[str, Any]:
    """Return everything that is recorded of a state, as JSON values."""
    notes = dataclasses.asdict(facts.notes)
    plain: dict[str, Any] = _plain(dataclasses.asdict(facts.state))
    return plain | {"log": _plain(notes["lines"]), "progress": _plain(notes["progress"])}


def raw_lines(facts: StateFacts, _around: Around) -> list[Pieces]:
    """Return everything that is recorded of a state."""
    return value_lines(raw_value(facts))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime) else value


def raw_attempt(state: StateView) -> dict[str, Any]:
    """Return one attempt as JSON values."""
    plain: dict[str, Any] = _plain(dataclasses.asdict(state))
    return plain
