"""Filters as people write them: `status:errored,retry node:fetch* try:>1 -in.lang:th sort:-took`.

A space means and, a comma or, a `-` not. A word without a field is an id, or part of a name. Texts with spaces,
commas or quotes stand in double quotes, in which a backslash keeps the sign behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic_core import from_json, to_json

from exodsl.engine.status import Run, State
from exodsl.errors import FilterInvalid, did_you_mean
from exodsl.manager.filters import (
    COMPARED,
    PLACE,
    RUN_FIELDS,
    SORTS,
    STATE_FIELDS,
    Compare,
    Kind,
    RunFilter,
    StateFilter,
    Term,
)
from exodsl.manager.lengths import length_ms, spelled_length

SORT = "sort"
_PART = re.compile(r'(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<open>")|(?P<bare>[^\s,"]+)', re.DOTALL)
_HEAD = re.compile(r'(?P<not>-?)(?:(?P<field>[^\s:,"<>=]+):(?P<compare><=|>=|<|>|=)?)?')
_SPACE = re.compile(r"\s+")
_PLAIN = re.compile(r'[^\s,":<>=\\-][^\s,":\\]*')
_SCALAR = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?|true|false|null", re.ASCII)
_KINDS: Mapping[str, Kind] = {**RUN_FIELDS, **STATE_FIELDS}
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Language:
    """What may stand in a filter: its fields, its statuses, and short words for these."""

    fields: Mapping[str, Kind]
    statuses: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]

    def meant(self, word: str) -> tuple[str, ...]:
        """Return the statuses that a word means: by the start of their names, or as lists call them."""
        upper = word.upper().replace("-", "_")
        if upper in self.statuses:
            return (upper,)
        starting = tuple(status for status in self.statuses if upper and status.startswith(upper))
        return starting if len(starting) == 1 else self.words.get(word.lower(), ())


STATES = Language(
    STATE_FIELDS,
    tuple(State.__members__),
    {
        "live": ("CREATED", "QUEUED", "EXECUTED"),
        "waiting": ("CREATED",),
        "running": ("QUEUED", "EXECUTED"),
        "ok": ("SUCCESS",),
        "failed": ("ERRORED", "NEXT_CREATED_ERROR"),
    },
)
RUNS = Language(RUN_FIELDS, tuple(Run.__members__), {"live": ("RUNNING", "PAUSED"), "ok": ("SUCCESS",)})


@dataclass(frozen=True, slots=True)
class Piece:
    """A value in the text of a filter, and where it stands."""

    text: str
    start: int
    end: int
    quoted: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One condition as it is written: `-field:>value,value`; a word alone has no field."""

    field: str | None
    compare: Compare | None
    pieces: tuple[Piece, ...]
    negated: bool
    start: int
    end: int


def state_filter(text: str) -> StateFilter:
    """Return the filter of states that a text means. :raises FilterInvalid: saying at which column it is wrong."""
    terms: list[Term] = []
    sort: str | None = None
    for item in items_in(text):
        if item.field == SORT:
            sort = _sort(text, item, sort)
        else:
            terms.append(_term(text, item, STATES))
    return StateFilter(tuple(terms), sort)


def run_filter(text: str) -> RunFilter:
    """Return the filter of runs that a text means. :raises FilterInvalid: saying at which column it is wrong."""
    return RunFilter(tuple(_term(text, item, RUNS) for item in items_in(text)))


def as_text(filter: StateFilter | RunFilter) -> str:
    """Return the text of a filter: what `state_filter` or `run_filter` reads back as the same."""
    spelled = [term_text(term) for term in filter.terms]
    sort = filter.sort if isinstance(filter, StateFilter) else None
    return " ".join([*spelled, *([] if sort is None else [f"{SORT}:{sort}"])])


def term_text(term: Term) -> str:
    """Return the text of one term."""
    kind = _KINDS[term.field.partition(".")[0]]
    values = ",".join(value_text(kind, value) for value in term.values)
    head = "" if kind == "word" else f"{term.field}:{'' if term.compare == '=' else term.compare}"
    return f"{'-' if term.negated else ''}{head}{values}"


def value_text(kind: Kind, value: Any) -> str:
    """Return the text of one value, in quotes where it needs them."""
    if kind == "status":
        return str(value).lower()
    if kind == "length":
        return spelled_length(value)
    if not isinstance(value, str):
        return to_json(value).decode()
    if _PLAIN.fullmatch(value) and not (kind == "json" and _SCALAR.fullmatch(value)):
        return value
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def items_in(text: str) -> Iterator[Item]:
    """Give the conditions in the text of a filter. :raises FilterInvalid: where it cannot be read."""
    at = 0
    while True:
        space = _SPACE.match(text, at)
        at = space.end() if space else at
        if at == len(text):
            return
        item = _item(text, at)
        yield item
        at = item.end


def _item(text: str, start: int) -> Item:
    head = _HEAD.match(text, start)
    assert head is not None, "it may be empty"
    pieces: list[Piece] = []
    at = head.end()
    while True:
        part = _PART.match(text, at)
        if part is None:
            raise FilterInvalid(text, at, at + 1, "a value is missing here.")
        if part["open"]:
            raise FilterInvalid(text, at, len(text), 'the quote is not closed. Write "..." around a text.')
        pieces.append(Piece(_unquoted(part), part.start(), part.end(), part["quoted"] is not None))
        at = part.end()
        if text[at : at + 1] != ",":
            break
        at += 1
    if at < len(text) and not text[at].isspace():
        raise FilterInvalid(text, at, at + 1, "a space, or a comma, is missing here.")
    return Item(head["field"], cast("Compare | None", head["compare"]), tuple(pieces), head["not"] == "-", start, at)


def _unquoted(part: re.Match[str]) -> str:
    if part["quoted"] is None:
        return part[0]
    return re.sub(r"\\(.)", r"\1", part[0][1:-1], flags=re.DOTALL)


def _term(text: str, item: Item, language: Language) -> Term:
    if item.field is None:
        return Term("word", "=", tuple(piece.text for piece in item.pieces), item.negated)
    name, mark, inner = item.field.partition(".")
    kind = language.fields.get(name, "word")
    start = item.start + item.negated
    if kind == "word" or (kind == "json") != bool(mark and inner):
        raise FilterInvalid(text, start, start + len(item.field), _no_field(item.field, language))
    if item.compare not in (None, "=") and kind not in COMPARED:
        raise FilterInvalid(text, start, item.end, f'"{item.field}" cannot be compared. Write {item.field}:VALUE.')
    values = tuple(value for piece in item.pieces for value in _values(text, item.field, piece, kind, language))
    return Term(item.field, item.compare or "=", values, item.negated)


def _no_field(field: str, language: Language) -> str:
    known = [*(f"{name}." if kind == "json" else name for name, kind in language.fields.items() if kind != "word")]
    known += [SORT] if language is STATES else []
    return f'there is no field "{field}". There is: {", ".join(known)}.{did_you_mean(field, known)}'


def _values(text: str, field: str, piece: Piece, kind: Kind, language: Language) -> tuple[Any, ...]:
    """Return what a value means; a word for several statuses is all of them."""
    if kind == "status":
        found = language.meant(piece.text)
        if not found:
            known = [*(status.lower() for status in language.statuses), *language.words]
            reason = f'there is no status "{piece.text}". There is: {", ".join(known)}.'
            raise FilterInvalid(text, piece.start, piece.end, reason + did_you_mean(piece.text.lower(), known))
        return found
    if kind == "length":
        length = length_ms(piece.text)
        if length is None:
            reason = f'"{piece.text}" is no length of time. Write a number with ms, s, m, h or d: {field}:>10m.'
            raise FilterInvalid(text, piece.start, piece.end, reason)
        return (length,)
    if kind == "number":
        if not _NUMBER.fullmatch(piece.text):
            raise FilterInvalid(text, piece.start, piece.end, f'"{piece.text}" is no number. Write {field}:2.')
        return (int(piece.text),)
    if kind == "place" and not PLACE.fullmatch(piece.text):
        reason = f'"{piece.text}" is no place in fanouts. Write positions from the root on: {field}:0.3.'
        raise FilterInvalid(text, piece.start, piece.end, reason)
    if kind == "json" and not piece.quoted and _SCALAR.fullmatch(piece.text):
        value = from_json(piece.text)
        return (value if value not in (float("inf"), float("-inf")) else piece.text,)
    return (piece.text,)


def _sort(text: str, item: Item, before: str | None) -> str:
    sort = ",".join(piece.text for piece in item.pieces)
    if item.negated or before is not None or item.compare is not None:
        raise FilterInvalid(text, item.start, item.end, "sort stands once, as in sort:took, or sort:-took.")
    name = sort.removeprefix("-")
    if name not in SORTS:
        reason = f'nothing can be sorted by "{name}". There is: {", ".join(SORTS)}.{did_you_mean(name, SORTS)}'
        raise FilterInvalid(text, item.pieces[0].start, item.end, reason)
    return sort
