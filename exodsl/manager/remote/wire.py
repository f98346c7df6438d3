"""What plain JSON cannot say, and how it is said: the forms in which some types travel.

Everything else travels as pydantic spells it. A form is a type of its own, so that it is described like the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, ConfigDict, GetCoreSchemaHandler, SecretStr
from pydantic_core import CoreSchema, core_schema

from exodsl.engine.reports import Executed, Failed, Pruned, Released, Report, Requeued, Usage
from exodsl.manager.protocol import Serves
from exodsl.manager.views import LargeValue, RunView, ScheduleView, StateView

V = TypeVar("V")

CONFIG = ConfigDict(
    extra="forbid",
    hide_input_in_errors=True,  # it may be a secret
    ser_json_bytes="base64",
    val_json_bytes="base64",
    ser_json_inf_nan="constants",  # which the other side refuses; by default they would turn into null
)
"""How requests and answers are spelled."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """Lets a type travel in another form.

    :param form: the type of that form.
    :param write: makes a form of a value; `read` makes the value of a form, and may raise `ValueError`.
    """

    form: Any
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        form = handler.generate_schema(self.form)
        read = core_schema.no_info_after_validator_function(self.read, form)
        given = core_schema.union_schema([core_schema.is_instance_schema(get_origin(source) or source), read])
        return core_schema.json_or_python_schema(
            read, given, serialization=core_schema.plain_serializer_function_ser_schema(self.write, return_schema=form)
        )


# What a runtime serves: JSON has no pairs as keys, and no sets


@dataclass(frozen=True, slots=True)
class ServedGraph:
    """Names of nodes that a runtime serves in one graph; the graph `*` stands for all of the namespace."""

    namespace: str
    graph: str
    node_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServesForm:
    """What a runtime serves; limited to one run if given."""

    graphs: tuple[ServedGraph, ...]
    run_id: str | None = None


def _write_serves(serves: Serves) -> ServesForm:
    graphs = (ServedGraph(*key, tuple(sorted(names))) for key, names in serves.node_names.items())
    return ServesForm(tuple(graphs), serves.run_id)


def _read_serves(form: ServesForm) -> Serves:
    return Serves({(one.namespace, one.graph): frozenset(one.node_names) for one in form.graphs}, form.run_id)


# Reports: which of its kinds a result is has to be said


@dataclass(frozen=True, slots=True)
class ReportForm:
    """What became of one claimed state: exactly one of the results is there."""

    state_id: int
    lease: int
    executed: Executed | None = None
    failed: Failed | None = None
    pruned: Pruned | None = None
    requeued: Requeued | None = None
    released: Released | None = None
    usage: Usage | None = None


_RESULTS = {Executed: "executed", Failed: "failed", Pruned: "pruned", Requeued: "requeued", Released: "released"}


def _write_report(report: Report) -> ReportForm:
    result: dict[str, Any] = {_RESULTS[type(report.result)]: report.result}
    return ReportForm(report.state_id, report.lease, **result, usage=report.usage)


def _read_report(form: ReportForm) -> Report:
    results = [result for name in _RESULTS.values() if (result := getattr(form, name)) is not None]
    if len(results) != 1:
        raise ValueError(f"a report has one result of {', '.join(_RESULTS.values())}, not {len(results)}")
    return Report(form.state_id, form.lease, results[0], form.usage)


# Views: values of users may look like anything, so what stands in for a large one is said beside them


@dataclass(frozen=True, slots=True)
class ViewForm(Generic[V]):
    """A view of a run or a state.

    :param large: by field of the view, which of its values were left out for their size: the length of the text
        stands in their places.
    """

    view: V
    large: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_VALUES = ("inputs", "outputs")


def _write_view(view: Any) -> ViewForm[Any]:
    large = {name: found for name in _VALUES if (found := _large_in(getattr(view, name, None) or {}))}
    if not large:
        return ViewForm(view)
    lengths = {
        name: {key: value.length if key in large[name] else value for key, value in getattr(view, name).items()}
        for name in large
    }
    return ViewForm(replace(view, **lengths), large)


def _large_in(values: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name, value in values.items() if isinstance(value, LargeValue))


def _read_view(form: ViewForm[Any]) -> Any:
    if not form.large:
        return form.view
    values = {
        name: {key: LargeValue(value) if key in keys else value for key, value in getattr(form.view, name).items()}
        for name, keys in form.large.items()
    }
    return replace(form.view, **values)


def _in_its_zone(view: ScheduleView) -> ScheduleView:
    """Give times the zone that they had: JSON has only how far it is from UTC."""
    zone = ZoneInfo(view.tz)
    ticks = tuple(replace(tick, at=tick.at.astimezone(zone)) for tick in view.last_ticks)
    return replace(view, next_times=tuple(at.astimezone(zone) for at in view.next_times), last_ticks=ticks)


_TRAVELS: Mapping[Any, Any] = {
    Serves: Annotated[Serves, Spelled(ServesForm, _write_serves, _read_serves)],
    Report: Annotated[Report, Spelled(ReportForm, _write_report, _read_report)],
    SecretStr: Annotated[SecretStr, Spelled(str, SecretStr.get_secret_value, SecretStr)],
    RunView: Annotated[RunView, Spelled(ViewForm[RunView], _write_view, _read_view)],
    StateView: Annotated[StateView, Spelled(ViewForm[StateView], _write_view, _read_view)],
    ScheduleView: Annotated[ScheduleView, AfterValidator(_in_its_zone)],
}
_LISTS = (Collection, Iterable, Sequence)


def travelling(hint: Any) -> Any:
    """Return the type as which a parameter or a result of this type travels."""
    if hint in _TRAVELS:
        return _TRAVELS[hint]
    kind, parts = get_origin(hint), tuple(travelling(part) for part in get_args(hint))
    if kind in _LISTS:
        return tuple[parts[0], ...]  # type: ignore[valid-type]
    if kind is None or parts == get_args(hint):
        return hint
    if hasattr(hint, "copy_with"):  # of `typing`, such as Page[...]
        return hint.copy_with(parts)
    return _union(parts) if str(kind) == "<class 'types.UnionType'>" else kind[parts]


def _union(parts: tuple[Any, ...]) -> Any:
    union = parts[0]
    for part in parts[1:]:
        union = union | part
    return union
