"""What a body gave that its node did not declare: said with the node, its place, and a cure (semantics 1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from exodsl.dsl.hints import spell
from exodsl.dsl.returns import RESULT, Returned
from exodsl.errors import OutputInvalid

STORABLE = "text, numbers, lists, dictionaries, or a model of these"


@dataclass(frozen=True)
class Mistakes:
    """The errors of one node; `place` is where it is written, as "file:line"."""

    node: str
    place: str
    returned: Returned

    def no_fanout(self, value: Any) -> OutputInvalid:
        """Say that one value came where many are declared."""
        if value is None:
            cure = "Is a `return` missing? An empty fanout is `[]`."
        elif isinstance(value, Collection | Iterator) and not isinstance(value, str | bytes | Mapping):
            cure = "Write `return list(value)`."
        else:
            cure = f"Write `return [value]`, or annotate `-> {_annotation(value)}`."
        return self._error(f"declared a fanout, `{self.returned}`, returned {described(value)}. {cure}")

    def something(self, value: object) -> OutputInvalid:
        """Say that a value came where none is declared."""
        cure = f"Annotate `-> {_annotation(value)}`, or return nothing."
        return self._error(f"declared no output, returned {described(value)}. {cure}")

    def misfit(self, value: object, error: ValidationError) -> OutputInvalid:
        """Say that an output is not of the type that is declared."""
        item, what = spell(self.returned.item), described(value)
        if self.returned.amount in ("list", "stream"):
            said = f"declared a fanout, `{self.returned}`, gave {what} as one of its outputs"
            return self._error(f"{said}: {reasons(error)}.")
        said = f"declared one output, `{item}`, returned {what}"
        if value is None:
            return self._error(f"{said}. Is a `return` missing? What may be missing is `-> {item} | None`.")
        if isinstance(value, list):
            cure = f"For a fanout, annotate `-> list[{item}]`; for one value, put the list in a field of a model."
            return self._error(f"{said}. {cure}")
        if _is_of_another_type(error):
            return self._error(f"{said}. Return {with_article(item)}, or annotate `-> {_annotation(value)}`.")
        return self._error(f"{said}: {reasons(error)}.")

    def unstorable(self, value: object, error: ValueError) -> OutputInvalid:
        """Say what in an output cannot be JSON, and under which key."""
        found = next(_unstorable(value, RESULT if self.returned.holds == "value" else "", ()), None)
        if found is None:
            return self._error(f"declared `{self.returned}`, gave {described(value)}: {unexpected(error)}.")
        path, part = found
        return self._error(f"gave {described(part)} at `{path}`, which cannot be stored as JSON. Give {STORABLE}.")

    def odd_number(self, path: str, number: float) -> OutputInvalid:
        """Say that an output holds a number that JSON does not have."""
        return self._error(f"gave {number} in output `{path}`: JSON has no such number. Give None, or a text.")

    def _error(self, said: str) -> OutputInvalid:
        return OutputInvalid(f'Node "{self.node}" {said} ({self.place})')


def _is_of_another_type(error: ValidationError) -> bool:
    """Say whether it is the output as a whole that has the wrong type, not some part or bound of it."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return all(one["loc"] in ((), (RESULT,)) and one["type"].endswith("_type") for one in found)


def _unstorable(value: object, path: str, above: tuple[object, ...]) -> Iterator[tuple[str, object]]:
    """Give the parts of a value that are no JSON, with the dotted way to each."""
    if any(value is one for one in above):
        return
    if isinstance(value, str | int | float | None):
        return
    parts = _parts(value)
    if parts is not None:
        for name, part in parts:
            yield from _unstorable(part, f"{path}.{name}" if path else name, (*above, value))
        return
    try:
        to_json(value)
    except (PydanticSerializationError, ValueError):
        yield path, value


def _parts(value: object) -> Iterable[tuple[str, object]] | None:
    if isinstance(value, BaseModel):
        return dict(value).items()
    if is_dataclass(value) and not isinstance(value, type):
        return [(one.name, getattr(value, one.name)) for one in fields(value)]
    if isinstance(value, Mapping):
        return [(str(name), part) for name, part in cast("Mapping[object, object]", value).items()]
    if isinstance(value, list | tuple | set | frozenset):
        return [(str(index), part) for index, part in enumerate(cast("Sequence[object]", value))]
    return None


def _annotation(value: Any) -> str:
    """Return the annotation of a body that returns a value like this one."""
    if value is None:
        return "None"
    if isinstance(value, list):
        items = cast("Sequence[object]", value)
        return f"list[{_annotation(items[0])}]" if items else "list[str]"
    return "dict[str, Any]" if isinstance(value, dict) else type(value).__name__


def described(value: Any) -> str:
    """Return what a value is, without showing it."""
    if value is None:
        return "None"
    if isinstance(value, list):
        return f"a list of {len(cast('Sequence[Any]', value))}"
    return with_article(type(value).__name__)


def with_article(name: str) -> str:
    """Return "an int", "a str"."""
    return f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}"


def reasons(error: ValidationError) -> str:
    """Return what did not fit, field by field, on one line."""
    return "; ".join(
        f"`{'.'.join(str(part) for part in found['loc'])}`: {found['msg']}" if found["loc"] else found["msg"]
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    )


def unexpected(error: ValueError) -> str:
    """Return what the serializer found, without its own frame of words."""
    return first_line(str(error).replace("Pydantic serializer warnings:", "").strip())


def first_line(error: object) -> str:
    """Return the first line of a foreign message."""
    return str(error).strip().partition("\n")[0]
