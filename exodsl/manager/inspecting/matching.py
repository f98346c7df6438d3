"""What the terms of a filter mean: which nodes and statuses they leave, and tests of single states and runs."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json, to_json

from exodsl.database.browse import Light
from exodsl.engine.lineage import step
from exodsl.engine.status import State
from exodsl.errors import InputInvalid, did_you_mean
from exodsl.manager.filters import COMPARED, PLACE, STATE_FIELDS, Compare, Kind, Term

COMPARES: Mapping[Compare, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
WITH_ERROR = frozenset((State.ERRORED, State.NEXT_CREATED_ERROR, State.RETRY_CREATED, State.PRUNED))
"""Statuses of states that can have an error: a unite may be pruned because of what is missing."""
MISSING = object()
"""Stands for a value that is not there; no term fits it, unless it is negated."""
_LONGEST_KEY = 18

Load = Callable[[str, str], Any]
"""Gives a value of the state at hand, by column and field: of `inputs` or `outputs` one field, of `error` its JSON."""


@dataclass(slots=True)
class Question:
    """What a filter asks of the states of one run.

    :param nodes: the database's ids of the nodes that they may be of, and
    :param statuses: the statuses that they may have.
    :param keys: the only states that they may be; `None`: any.
    :param light: tests of what every list shows, and
    :param heavy: of what has to be loaded, from these
    :param columns: of the table.
    """

    nodes: set[int]
    statuses: set[State] = field(default_factory=lambda: set(State))
    keys: set[int] | None = None
    light: list[Callable[[Light], bool]] = field(default_factory=list)
    heavy: list[Callable[[Load], bool]] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)

    def only(self, keys: set[int]) -> None:
        """Leave none but these states."""
        self.keys = keys if self.keys is None else self.keys & keys


def ask_states(terms: Sequence[Term], nodes: Mapping[int, str], now: int) -> Question:
    """Return what a filter asks of the states of a run.

    :param nodes: the identifiers of its nodes, by the database's ids.
    :raises InputInvalid: for a term that cannot be meant.
    """
    question = Question(set(nodes))
    for term in terms:
        _ask(question, term, nodes, now)
    return question


def _ask(question: Question, term: Term, nodes: Mapping[int, str], now: int) -> None:
    name, _, inner = term.field.partition(".")
    check_term(term, STATE_FIELDS)
    match name:
        case "status":
            found = {State[status] for status in statuses(term, State.__members__)}
            question.statuses &= set(State) - found if term.negated else found
        case "node":
            question.nodes &= {key for key, identifier in nodes.items() if fits_name(term, identifier)}
        case "id" if term.compare == "=" and not term.negated:
            question.only(set(term.values))
        case "word":
            _ask_word(question, term, nodes)
        case "err":
            question.columns.add("error")
            question.heavy.append(_error_test(term))
            question.statuses &= set(State) if term.negated else WITH_ERROR
        case "in" | "out":
            column = f"{name}puts"
            question.columns.add(column)
            question.heavy.append(_value_test(term, column, inner))
        case "branch":
            question.light.append(_branch_test(term))
        case _:
            question.light.append(_number_test(term, _NUMBERS[name], now))


def _ask_word(question: Question, term: Term, nodes: Mapping[int, str]) -> None:
    """Ask for a word, which is part of a node's name, or the id of a state."""
    keys = {int(word) for word in term.values if word.isdecimal() and len(word) <= _LONGEST_KEY}
    named = {key for key, name in nodes.items() if any(word.casefold() in name.casefold() for word in term.values)}
    if not keys:
        question.nodes &= set(nodes) - named if term.negated else named
    elif not named and not term.negated:
        question.only(keys)
    else:
        question.light.append(lambda state: (state.key in keys or state.node in named) != term.negated)


def _branch_test(term: Term) -> Callable[[Light], bool]:
    prefixes = tuple(b"".join(step(int(position)) for position in value.split(".")) for value in term.values)

    def test(state: Light) -> bool:
        return state.path.startswith(prefixes) != term.negated

    return test


def _number_test(term: Term, number: Callable[[Light, int], Any], now: int) -> Callable[[Light], bool]:
    fits, values, negated = COMPARES[term.compare], term.values, term.negated

    def test(state: Light) -> bool:
        actual = number(state, now)
        return (actual is not MISSING and any(fits(actual, value) for value in values)) != negated

    return test


def took_ms(state: Light, now: int) -> Any:
    """Return how long a body took, or has run by now; `MISSING` where none did."""
    begun = state.begun
    return MISSING if begun is None else (now if state.finished is None else state.finished) - begun


_NUMBERS: Mapping[str, Callable[[Light, int], Any]] = {
    "id": lambda state, _: state.key,
    "try": lambda state, _: state.attempt + 1,
    "took": took_ms,
    "age": lambda state, now: now - state.created,
}


def _error_test(term: Term) -> Callable[[Load], bool]:
    wanted = [text.casefold() for text in term.values]

    def test(load: Load) -> bool:
        error = load("error", "")
        if error is None:
            return term.negated
        told = from_json(error)
        texts = (told["type"].casefold(), told["message"].casefold())
        return any(word in text for word in wanted for text in texts) != term.negated

    return test


def _value_test(term: Term, column: str, path: str) -> Callable[[Load], bool]:
    first, *inner = path.split(".")

    def test(load: Load) -> bool:
        actual = load(column, first)
        for name in inner:
            actual = _inside(actual, name)
        return fits_value(term, actual) != term.negated

    return test


def _inside(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name, MISSING)
    if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
        return value[int(name)]
    return MISSING


def fits_value(term: Term, actual: Any) -> bool:
    """Say whether a JSON value is one of those of a term, its negation aside."""
    return any(_compared(term.compare, actual, wanted) for wanted in term.values)


def _compared(compare: Compare, actual: Any, wanted: Any) -> bool:
    if compare == "=" and isinstance(actual, str) and not isinstance(wanted, str):
        return actual == to_json(wanted).decode()  # `in.zip:12345` means a text as well
    if compare != "=" and not (_is_number(actual) and _is_number(wanted)) and not _are_texts(actual, wanted):
        return False
    return isinstance(actual, bool) == isinstance(wanted, bool) and COMPARES[compare](actual, wanted)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_texts(one: Any, other: Any) -> bool:
    return isinstance(one, str) and isinstance(other, str)


def fits_name(term: Term, name: str) -> bool:
    """Say whether a name fits a term whose values are patterns with `*`."""
    return any(fits_pattern(value, name) for value in term.values) != term.negated


def fits_pattern(pattern: str, name: str) -> bool:
    """Say whether a name is what a pattern says, in which `*` stands for anything, in whatever case."""
    name = name.casefold()
    first, *others = pattern.casefold().split("*")
    if not others:
        return name == first
    *parts, last = others
    at, end = len(first), len(name) - len(last)
    if at > end or not (name.startswith(first) and name.endswith(last)):
        return False
    for part in parts:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def statuses(term: Term, known: Mapping[str, object]) -> list[str]:
    """Return the statuses that a term names; :raises InputInvalid: for one that is unknown."""
    for value in term.values:
        if value not in known:
            raise InputInvalid(
                f'There is no status "{value}". There is: {", ".join(known)}.{did_you_mean(str(value), known)}'
            )
    return list(term.values)


def check_term(term: Term, fields: Mapping[str, Kind]) -> None:
    """:raises InputInvalid: when there is no such field, or a term compares otherwise than its field can."""
    name, mark, _ = term.field.partition(".")
    kind = fields.get(name)
    if kind is None or (kind == "json") != bool(mark):
        raise InputInvalid(f'A filter has no field "{term.field}". It has: {_listed(fields)}.')
    if term.compare not in COMPARES or (term.compare != "=" and kind not in COMPARED):
        raise InputInvalid(f'"{term.field}" knows only what equals, not "{term.compare}".')
    if not all(_is_of(kind, value) for value in term.values):
        raise InputInvalid(f'"{term.field}" takes {_TAKES[kind]}.')


def _listed(fields: Mapping[str, Kind]) -> str:
    return ", ".join(f"{name}.FIELD" if kind == "json" else name for name, kind in fields.items() if kind != "word")


_TEXTS: tuple[Kind, ...] = ("status", "name", "text", "word")
_TAKES: Mapping[Kind, str] = {
    **dict.fromkeys(_TEXTS, "texts"),
    "number": "whole numbers",
    "place": "positions in fanouts from the root on, such as 0.3",
    "length": "milliseconds",
    "json": "texts, numbers, true, false and null",
}


def _is_of(kind: Kind, value: Any) -> bool:
    if kind in _TEXTS:
        return isinstance(value, str)
    if kind == "place":
        return isinstance(value, str) and PLACE.fullmatch(value) is not None
    if kind == "json":
        return value is None or isinstance(value, str | int | float)
    return isinstance(value, int) and not isinstance(value, bool)
