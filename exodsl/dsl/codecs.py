"""JSON in and out of a node: validated once on the way in, once on the way out (semantics 1, 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, NotRequired, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python
from typing_extensions import TypedDict

from exodsl.dsl.hints import bare, spell
from exodsl.dsl.mistakes import STORABLE, Mistakes, first_line
from exodsl.dsl.mistakes import reasons as reasons
from exodsl.dsl.plain import plain_output
from exodsl.dsl.returns import RESULT, Returned, is_model
from exodsl.dsl.schemas import may_hold_floats, object_schema
from exodsl.errors import InputInvalid, NodeRefused, NotStorable
from exodsl.template.json_values import odd_number

TAKE = f"Take what it is made of: {STORABLE}."
GIVE = f"Give what is in it: {STORABLE}."


def record(name: str, annotations: Mapping[str, Any]) -> TypeAdapter[Any]:
    """Return an adapter for a dictionary of exactly these fields."""
    kind = cast("Any", TypedDict)(name, dict(annotations))
    kind.__pydantic_config__ = ConfigDict(extra="forbid", arbitrary_types_allowed=False)
    return TypeAdapter(kind)


def input_record(inputs: Mapping[str, Any], defaults: Mapping[str, Any]) -> TypeAdapter[Any]:
    """Return an adapter for a function's inputs; those with a default may be left out."""
    fields = {n: NotRequired[a] if n in defaults else a for n, a in inputs.items()}
    return record("Inputs", fields)


class InputCodec:
    """Turns JSON text into what a body takes.

    :param node: the node's name, for messages.
    :param adapter: validates a dictionary of arguments, or a class node's `Inputs`.
    :param defaults: of a function's parameters; shown in the schema.
    """

    def __init__(self, node: str, adapter: TypeAdapter[Any], defaults: Mapping[str, Any]) -> None:
        self._node, self._adapter, self._defaults = node, adapter, defaults
        self._validate = adapter.validator.validate_json

    def load(self, text: str) -> Any:
        """Return the validated inputs; :raises InputInvalid: naming each field that does not fit."""
        try:
            return self._validate(text, by_alias=True, by_name=True)
        except ValidationError as error:
            raise InputInvalid(f'Node "{self._node}" cannot take its inputs: {reasons(error)}.') from error

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the inputs."""
        try:
            schema = object_schema(self._adapter.json_schema(by_alias=False, mode="validation"))
        except PydanticUserError as error:
            raise NotStorable(
                f"E141 an input of node `{self._node}` cannot be JSON: {first_line(error)}. {TAKE}"
            ) from error
        for name, value in self._defaults.items():
            _show_default(schema["properties"][name], value)
        return schema


def _show_default(schema: dict[str, Any], value: Any) -> None:
    try:
        schema["default"] = to_jsonable_python(value, by_alias=False, inf_nan_mode="strings")
    except PydanticSerializationError:
        return  # the function's own default applies; the schema needs not show it


class OutputCodec:
    """Turns what a body returns into JSON text, and back for whoever reads a run."""

    def __init__(self, node: str, place: str, returned: Returned) -> None:
        self._node, self.returned = node, returned
        self.mistakes = Mistakes(node, place, returned)
        self._wraps = returned.holds == "value"
        self._adapter = _output_adapter(node, returned)
        self._check = self._adapter.validator.validate_python
        self._to_json = self._adapter.serializer.to_json
        self._may_be_odd = may_hold_floats(self._adapter.core_schema)
        self._plain = plain_output(self._adapter.core_schema)

    def encode(self, value: Any) -> str:
        """Return one output as JSON text.

        :raises OutputInvalid: when it does not fit, or holds a number that JSON does not have.
        """
        if self.returned.holds == "nothing":
            return self._nothing(value)
        try:
            held = self._check({RESULT: value} if self._wraps else value, strict=True)
            body = self._dumped(held)
        except ValidationError as error:
            raise self.mistakes.misfit(value, error) from None
        except ValueError as error:
            raise self.mistakes.unstorable(value, error) from error
        # what a number that JSON does not have turns into, wherever it hides
        if self._may_be_odd and (b"null" in body or b"NaN" in body or b"Infinity" in body):
            self._refuse_odd_numbers(held)
        return body.decode()

    def _dumped(self, held: Any) -> bytes:
        # An instance of a model is taken as it is, and may have been changed since it was checked. To have pydantic
        # look at it again takes longer than all the rest, so not where a look at the types tells as much.
        plain = self._plain
        if plain is not None and plain.fits(held):
            return self._to_json(held, by_alias=False)
        return self._to_json(held, by_alias=False, warnings="error")

    def _nothing(self, value: Any) -> str:
        if value is not None and not _is_empty(value):
            raise self.mistakes.something(value)
        return "{}"

    def _refuse_odd_numbers(self, held: Any) -> None:
        found = odd_number(self._adapter.serializer.to_python(held, mode="python", by_alias=False))
        if found:
            raise self.mistakes.odd_number(*found)

    def decode(self, value: Mapping[str, Any]) -> Any:
        """Return one recorded output as the body gave it: a model, a dataclass, a plain value."""
        if self.returned.holds == "nothing":
            return None
        loaded = self._adapter.validate_json(to_json(self._own(value)), by_alias=False, by_name=True)
        return loaded[RESULT] if self._wraps else loaded

    def _own(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        item = bare(self.returned.item)
        computed = item.model_computed_fields if is_model(item) else {}
        return {name: part for name, part in value.items() if name not in computed}

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of one output."""
        try:
            return object_schema(self._adapter.json_schema(by_alias=False, mode="serialization"))
        except PydanticUserError as error:
            raise _not_storable(self._node, self.returned.item, error) from error


def _is_empty(value: Any) -> bool:
    """Say whether a value is a model without fields: what a class node may return that has nothing to give."""
    kind = cast("Any", type(value))
    return is_model(kind) and not kind.model_fields


def _output_adapter(node: str, returned: Returned) -> TypeAdapter[Any]:
    try:
        if returned.holds == "fields":
            return TypeAdapter(returned.item)
        return record("Outputs", {RESULT: returned.item} if returned.holds == "value" else {})
    except NameError as error:
        raise NodeRefused(f"The output type of node `{node}` names `{error.name}`, which is not defined.") from error
    except PydanticUserError as error:
        raise _not_storable(node, returned.item, error) from error


def _not_storable(node: str, item: Any, error: PydanticUserError) -> NotStorable:
    for name, annotation in _fields(bare(item)).items():
        try:
            TypeAdapter(annotation).json_schema(mode="serialization")
        except PydanticUserError:
            where = f"{spell(item)}.{name}"
            return NotStorable(
                f"E141 output `{where}` of type `{spell(annotation)}` cannot be stored as JSON (node `{node}`). {GIVE}"
            )
    return NotStorable(f"E141 the output of node `{node}`, a `{spell(item)}`, cannot be stored as JSON. {GIVE}")


def _fields(item: Any) -> dict[str, Any]:
    if is_model(item):
        return {name: field.annotation for name, field in item.model_fields.items()}
    if isinstance(item, type) and is_dataclass(item):
        return {field.name: field.type for field in fields(item)}
    return {}
