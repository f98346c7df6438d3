"""What may come next while a filter is written: names of fields, then their values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exodsl.manager.filter_text import SORT, STATES, Language, value_text
from exodsl.manager.filters import SORTS


@dataclass(frozen=True, slots=True)
class Known:
    """Names that values may be, as far as they are known.

    :param nodes: identifiers of a run's nodes; `inputs` and `outputs` are names of their fields.
    """

    nodes: Sequence[str] = ()
    inputs: Sequence[str] = ()
    outputs: Sequence[str] = ()
    graphs: Sequence[str] = ()
    namespaces: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """A text that may take the place of what stands between `start` and the cursor."""

    start: int
    text: str


def completions(
    text: str, position: int, known: Known | None = None, language: Language = STATES
) -> tuple[Completion, ...]:
    """Return what may stand at the cursor: what begins as it is written first, then what contains that."""
    known = known or Known()
    item = text[:position].split(" ")[-1].removeprefix("-")
    field, mark, values = item.partition(":")
    if not mark:
        return _fitting(item, position, _fields(language, known))
    part = values.rpartition(",")[2].lstrip("<>=").lstrip('"')
    return _fitting(part, position, _values(field, language, known))


def _fields(language: Language, known: Known) -> Iterable[str]:
    inner = {"in": known.inputs, "out": known.outputs}
    for name, kind in language.fields.items():
        if kind == "json":
            yield from (f"{name}.{field}:" for field in inner[name])
        elif kind != "word":
            yield f"{name}:"
    if language is STATES:
        yield f"{SORT}:"


def _values(field: str, language: Language, known: Known) -> Iterable[str]:
    names = {"node": known.nodes, "graph": known.graphs, "namespace": known.namespaces}
    if field == "status":
        return [*(status.lower() for status in language.statuses), *language.words]
    if field == SORT and language is STATES:
        return [*SORTS, *(f"-{name}" for name in SORTS)]
    return [value_text("name", name) for name in names.get(field, ())]


def _fitting(part: str, position: int, options: Iterable[str]) -> tuple[Completion, ...]:
    wanted = part.casefold()
    fitting = [option for option in dict.fromkeys(options) if wanted in option.casefold()]
    fitting.sort(key=lambda option: not option.casefold().lstrip('"').startswith(wanted))
    return tuple(Completion(position - len(part), option) for option in fitting)
