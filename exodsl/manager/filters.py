"""Filters as data: what a screen or a command asks for, never a piece of SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Compare = Literal["=", "<", "<=", ">", ">="]
Kind = Literal["status", "name", "number", "length", "place", "text", "json", "word"]
"""What the values of a term are; a `length` is one of time, a `place` positions in fanouts such as 0.3."""

STATE_FIELDS: Mapping[str, Kind] = {
    "status": "status",
    "node": "name",
    "id": "number",
    "branch": "place",
    "try": "number",
    "took": "length",
    "age": "length",
    "err": "text",
    "in": "json",
    "out": "json",
    "word": "word",
}
"""Fields of states; `in` and `out` go on with a point and the name of an input or output."""
RUN_FIELDS: Mapping[str, Kind] = {
    "status": "status",
    "graph": "name",
    "namespace": "name",
    "id": "text",
    "age": "length",
    "word": "word",
}
SORTS = ("took", "started", "finished", "id")
PLACE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*", re.ASCII)
"""How a place is spelled."""
COMPARED: frozenset[Kind] = frozenset(("number", "length", "json"))
"""Kinds that know more than `=`."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; a state matches when one of `values` does, or none of them where it is `negated`.

    :param field: of states `status`, `node`, `id`, `branch`, `try`, `took`, `age`, `err`, `in.FIELD` or `out.FIELD`; of
        runs `status`, `graph`, `namespace`, `id`, `age`. `word` is an id, or part of the name of a node, of a graph.
    :param compare: how; texts know only `=`. `node`, `graph`, `namespace` match patterns with `*`, `err` any part of
        the failure's type or message, in whatever case, `id` of a run the start or end of it.
    :param values: numbers for `try` (the first is 1) and the `id` of a state, milliseconds for `took` and `age`,
        simple JSON values for `in.` and `out.`, places such as "0.3" for `branch` (whatever came of output 3 of
        output 0, from the root on), statuses by their full names, else texts. A number also equals a text that is
        spelled like it.
    """

    field: str
    compare: Compare
    values: tuple[Any, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class StateFilter:
    """Which states of a run, all terms together.

    :param sort: `took`, `started`, `finished` or `id`; a `-` before it puts the greatest first.
    """

    terms: tuple[Term, ...] = ()
    sort: str | None = None


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs, all terms together."""

    terms: tuple[Term, ...] = ()
