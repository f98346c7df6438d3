"""What a run is given: validated by the graph's models before the run exists (semantics 2, 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from exodsl.dsl.codecs import InputCodec, input_record, reasons
from exodsl.dsl.graph import Graph
from exodsl.errors import InputInvalid, did_you_mean
from exodsl.template.models import GraphTemplate
from exodsl.template.shape import Shape

Given = BaseModel | Mapping[str, Any] | None


def run_inputs(graph: Graph[Any, Any], given: Given, fields: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the inputs of a run as JSON values, and whether a model has judged all of them.

    :raises InputInvalid: when a name is unknown or missing, or a value does not fit.
    """
    values = _merged(graph, given, fields)
    template = graph.compile()
    if graph.inputs_model is not None:
        _check_names(graph, "input", values, _names(graph.inputs_model))
        return _validated(graph, "inputs", graph.inputs_model, values), True
    _check_names(graph, "input", values, _run_inputs(template))
    return values, _judged_by_root(graph, template, values)


def store_values(graph: Graph[Any, Any], given: Given) -> dict[str, Any]:
    """Return the first store values of a run; :raises InputInvalid: when they do not fit the store model."""
    if given is None:
        return {}
    values = _plain(graph, "store values", given)
    if graph.store_model is None:
        return values
    _check_names(graph, "store key", values, _names(graph.store_model))
    return _validated(graph, "store values", graph.store_model, values)


def _merged(graph: Graph[Any, Any], given: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(given, BaseModel | Mapping | None):
        raise InputInvalid(_unnamed(graph, given))
    values = {} if given is None else _plain(graph, "inputs", cast("BaseModel | Mapping[str, Any]", given))
    twice = sorted(values.keys() & fields.keys())
    if twice:
        raise InputInvalid(f'Graph "{graph.name}" is given the input "{twice[0]}" twice: in a mapping and by name.')
    return {**values, **_plain(graph, "inputs", fields)}


def _unnamed(graph: Graph[Any, Any], given: Any) -> str:
    model = graph.inputs_model
    known = list(model.model_fields) if model is not None else _run_inputs(graph.compile())
    shown = f"{known[0]}={given!r}" if known else ""
    cure = f"Write `graph.run({shown})`." if len(shown) <= 80 else f"Write `graph.run({known[0]}=...)`."
    return f'Graph "{graph.name}" takes its inputs by name. {cure}'


def _plain(graph: Graph[Any, Any], what: str, given: BaseModel | Mapping[str, Any]) -> dict[str, Any]:
    """Return JSON values of what was given, by field name."""
    if isinstance(given, BaseModel):
        given = given.model_dump(mode="json", by_alias=False)
    try:
        text = to_json(dict(given), by_alias=False, inf_nan_mode="constants")
    except (PydanticSerializationError, TypeError, ValueError) as error:
        raise InputInvalid(f'The {what} for graph "{graph.name}" cannot be stored as JSON: {error}') from error
    values: dict[str, Any] = from_json(text)
    return values


def _check_names(graph: Graph[Any, Any], what: str, values: Mapping[str, Any], known: list[str]) -> None:
    for name in values:
        if name not in known:
            has = f"It has: {', '.join(known)}." if known else "It has none."
            raise InputInvalid(f'Graph "{graph.name}" has no {what} "{name}". {has}{did_you_mean(name, known)}')


def _names(model: type[BaseModel]) -> list[str]:
    aliases = (field.alias for field in model.model_fields.values())
    return [*model.model_fields, *(alias for alias in aliases if alias is not None)]


def _validated(graph: Graph[Any, Any], what: str, model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    try:
        held = model.model_validate_json(to_json(values), by_alias=True, by_name=True)
    except ValidationError as error:
        raise InputInvalid(f'Graph "{graph.name}" cannot take these {what}: {reasons(error)}.') from error
    return held.model_dump(mode="json", by_alias=False)


def _judged_by_root(graph: Graph[Any, Any], template: GraphTemplate, values: dict[str, Any]) -> bool:
    """Let the root's own types judge, as there is no model; say whether they could judge everything."""
    root = Shape(template).root
    code = next(node for node in graph.nodes if node.identifier == root).body.code
    open_names, text = _run_inputs(template), to_json(values, inf_nan_mode="constants").decode()
    if set(code.input_names) <= set(open_names):
        code.inputs.load(text)
        return True
    given = {name: annotation for name, annotation in code.signature.inputs.items() if name in open_names}
    if given:
        InputCodec(root, input_record(given, code.signature.defaults), {}).load(text)
    return False


def _run_inputs(template: GraphTemplate) -> list[str]:
    return list((template.inputs_schema or {}).get("properties", {}))
