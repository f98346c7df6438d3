"""What both sides of exodsl's own protocol agree on: every call is there, and every value arrives as it was."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from pydantic_core import from_json

from exodsl.engine.notes import Line, Notes, Progressed
from exodsl.engine.reports import (
    Claim,
    ErrorInfo,
    Executed,
    Failed,
    Pruned,
    Released,
    Report,
    Requeued,
    StoreWrite,
    Usage,
)
from exodsl.manager.filters import RunFilter, StateFilter, Term
from exodsl.manager.inspection import Group, History, NodeHistory, StateSummary, Verdict
from exodsl.manager.protocol import Exchange, Serves, StateManager, Trigger
from exodsl.manager.remote.calls import Elsewhere, calls
from exodsl.manager.remote.manager import RemoteManager
from exodsl.manager.views import GateView, LargeValue, Page, RunView, ScheduleView, StateView, TickView
from exodsl.template.policies import RetryPolicy

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.dictionaries(TEXT, JSON | st.builds(LargeValue, st.integers(0, 2**40)), max_size=4)
NUMBERS = st.integers(0, 2**70)
WRITES = st.lists(st.builds(StoreWrite, st.sampled_from(["set", "add"]), TEXT, JSON), max_size=2).map(tuple)
RESULTS = st.one_of(
    st.builds(Executed, st.lists(TEXT, max_size=3), WRITES),
    st.builds(Failed, st.builds(ErrorInfo, TEXT, TEXT, TEXT, TEXT), st.booleans()),
    st.builds(Pruned, TEXT, WRITES),
    st.builds(Requeued, NUMBERS, WRITES),
    st.just(Released()),
)
USAGE = st.none() | st.builds(Usage, NUMBERS, st.none() | NUMBERS)
REPORTS = st.lists(st.builds(Report, NUMBERS, NUMBERS, RESULTS, USAGE), max_size=3).map(tuple)
LINES = st.lists(st.builds(Line, NUMBERS, NUMBERS, TEXT), max_size=2)
PROGRESS = st.none() | st.builds(Progressed, NUMBERS, st.floats(0, 1e300), st.none(), TEXT)
NOTES = st.lists(st.builds(Notes, NUMBERS, NUMBERS, LINES, NUMBERS, PROGRESS), max_size=2).map(tuple)
POLICIES = st.builds(RetryPolicy, max_retries=st.integers(0, 9), retry_on=st.just(("builtins.OSError",)))
CLAIMS = st.builds(
    Claim, NUMBERS, NUMBERS, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, st.binary(max_size=9), NUMBERS, NUMBERS, POLICIES,
    st.none() | NUMBERS, st.none() | TEXT, st.booleans(), USAGE,
)  # fmt: skip
TERMS = st.builds(Term, TEXT, st.sampled_from(["=", "<"]), st.lists(JSON, max_size=3).map(tuple), st.booleans())
FILTERS = st.lists(TERMS, max_size=2).map(tuple)
AT = datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
MANY = settings(max_examples=40, deadline=None)


def arrived(name: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a call as they arrive."""
    call = calls()[name]
    text = call.asks(**asked).model_dump_json()
    there = call.asks.model_validate(from_json(text, allow_inf_nan=False))
    return {key: getattr(there, key) for key in asked}


def answered(name: str, result: Any) -> Any:
    """Return a result as it arrives."""
    call = calls()[name]
    return call.answers.model_validate_json(call.answers.model_construct(result).model_dump_json()).root


def test_whoever_asks_from_elsewhere_has_every_call_of_the_protocol() -> None:
    members = {name for name, _ in inspect.getmembers(StateManager) if not name.startswith("_")}

    assert members <= set(dir(RemoteManager)) | {"read_only"}
    assert not {name for name in dir(Elsewhere) if not name.startswith("_")} & set(dir(RemoteManager))


@MANY
@given(st.builds(Serves, st.dictionaries(st.tuples(TEXT, TEXT), st.frozensets(TEXT)), st.none() | TEXT))
def test_what_a_runtime_serves_arrives(serves: Serves) -> None:
    assert arrived("host_session", {"name": "n", "serves": serves, "host": "h"})["serves"] == serves


@MANY
@given(REPORTS, NOTES)
def test_reports_and_notes_arrive(reports: tuple[Report, ...], notes: tuple[Notes, ...]) -> None:
    asked = {"session": 1, "number": 2, "reports": reports, "capacity": 3, "notes": notes, "holding": {2**70: 2**90}}

    assert arrived("exchange_hosted", asked) == asked


@MANY
@given(st.lists(CLAIMS, max_size=3).map(tuple))
def test_claims_arrive(claims: tuple[Claim, ...]) -> None:
    exchange = Exchange(claims, (1, 2**60), {"run": "SUCCESS"}, None)

    assert answered("exchange_hosted", exchange) == exchange


@MANY
@given(VALUES, VALUES)
def test_values_of_users_arrive_and_what_stands_in_for_large_ones(given: dict[str, Any], came: dict[str, Any]) -> None:
    state = StateView(
        1, "r", "i", "n", "SUCCESS", (0, 1), 0, 0, 0, given, came, {"large": [1]}, None, AT, AT, None, AT, AT, 0.5, 7
    )
    run = RunView("r", "n", "g", 1, "RUNNING", given, None, None, None, True, ("a",), AT, None)

    assert answered("states", Page((state,), "next")) == Page((state,), "next")
    assert answered("run", run) == run


@MANY
@given(TEXT, NUMBERS)
def test_explanations_arrive(text: str, number: int) -> None:
    gate = GateView(text, (number, 0), "OPEN", 1, 2, 3, 4, None, number)
    state = StateSummary(number, text, "PRUNED", (1,), 0, 0, 0, AT, AT, None, AT, None)
    group = Group("dead", text, number, (state,), AT, None)
    verdict = Verdict(gate, "ALL_DONE", text, 3, True, (group,), (number,), {"OPEN": 1}, text)
    history = History(AT, 7, 2, (NodeHistory(text, (1, 2), (0, 1), (1, 1), {"SUCCESS": (0, 1)}, AT, None),))

    assert answered("gate", verdict) == verdict
    assert answered("history", history) == history


def test_times_of_a_schedule_keep_their_zone() -> None:
    zone = ZoneInfo("Europe/Berlin")
    at = datetime(2026, 10, 25, 2, 30, tzinfo=zone, fold=1)
    tick = TickView(at, "STARTED", None, None, None)
    view = ScheduleView(1, "n", "g", "* * * * *", "Europe/Berlin", "latest", "skip", False, (at,), (tick,))
    (there,) = answered("schedules", (view,))

    assert [repr(one) for one in (*there.next_times, there.last_ticks[0].at)] == [repr(at)] * 2


@MANY
@given(st.builds(Trigger, TEXT, TEXT, st.dictionaries(TEXT, JSON, max_size=3), st.dictionaries(TEXT, JSON, max_size=3)))
def test_triggers_arrive(trigger: Trigger) -> None:
    assert arrived("trigger", {"triggers": [trigger]})["triggers"] == (trigger,)


@MANY
@given(st.timedeltas(timedelta(-9), timedelta(9_999)))
def test_lengths_of_time_arrive(length: timedelta) -> None:
    assert arrived("clean_some", {"older_than": length})["older_than"] == length


@MANY
@given(FILTERS, st.none() | TEXT)
def test_filters_arrive(terms: tuple[Term, ...], sort: str | None) -> None:
    asked = {"run_id": "r", "filter": StateFilter(terms, sort)}

    assert arrived("find_runs", {"filter": RunFilter(terms)}) == {"filter": RunFilter(terms)}
    assert arrived("find_states", asked) == asked


def test_a_secret_arrives_and_is_not_shown() -> None:
    asked = {"namespace": "n", "graph": "g", "name": "token", "value": SecretStr("hidden")}
    call = calls()["set_secret"]

    assert arrived("set_secret", asked) == asked
    assert "hidden" not in repr(call.asks(**asked))
