"""Filters as data: what a screen or a command asks for, never a piece of SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Compare = Literal["=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; a state matches when one of `values` does, or none of them where it is `negated`.

    :param field: `status`, `node`, `id`, `try`, `took`, `age`, `err`, `in.FIELD` or `out.FIELD`; of runs `status`,
        `graph`, `namespace`, `id`, `age`.
    :param compare: how; texts know only `=`. `node`, `graph`, `namespace` match patterns with `*`, `err` any part of
        the failure's type or message, `id` the start or end of an id.
    :param values: numbers for `try`, milliseconds for `took` and `age`, JSON values for `in.` and `out.`, else texts.
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
