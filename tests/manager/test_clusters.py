"""Failures that are alike stand together, and tell how their inputs differ from those that went well."""

from __future__ import annotations

from typing import Any

import pytest

from exodsl.engine.reports import ErrorInfo, Failed
from exodsl.manager.inspecting import clusters
from exodsl.manager.inspecting.clusters import without_varying
from exodsl.manager.inspection import Cluster, Contrast
from exodsl.manager.protocol import StateManager
from exodsl.manager.views import moment
from tests.manager.byhand import ByHand, Clock, give, report
from tests.manager.conftest import Begin

SHAPE: dict[str, Any] = {
    "arrows": "split* > work, work > sink",
    "inputs": {"work": {"n": "${{ split.outputs.n }}", "lang": "${{ split.outputs.lang }}"}, "sink": {}},
}


def raised(kind: str, message: str, key: str = "") -> Failed:
    """Return the report of a body that raised this."""
    return Failed(ErrorInfo(kind, message, "Traceback ...", key), retryable=False)


def failing(inputs: dict[str, Any]) -> Any:
    """Fail at every third number in one of two ways."""
    if inputs["lang"] == "en":
        return give({})
    if inputs["n"] % 2:
        return raised("builtins.KeyError", f"'page{inputs['n']}'", "KeyError in fetch.py:work")
    return raised("http.Timeout", f"GET https://a.example/{inputs['n']} took {inputs['n']}.5 s\nsecond line")


def worked(run: Begin, count: int = 30) -> ByHand:
    """Work a run whose bodies fail wherever the language is not English."""
    begun = run(**SHAPE)
    outputs = [{"n": n, "lang": "th" if n % 3 == 0 else "en"} for n in range(count)]
    begun.work(split=give(*outputs), work=failing)
    return begun


@pytest.fixture(params=[clusters.CHUNK, 2])
def chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at as many states at once as usual, or at very few."""
    monkeypatch.setattr(clusters, "CHUNK", request.param)


@pytest.mark.usefixtures("chunks")
def test_failures_are_grouped_by_what_was_raised_and_said(run: Begin, manager: StateManager, clock: Clock) -> None:
    begun = worked(run, 33)
    first, second = manager.clusters(begun.run_id)
    at = moment(clock.now_ms)
    states = begun.states("work")

    assert first == Cluster(
        identifier="work",
        key="http.Timeout: GET /… took # s second line",
        error="http.Timeout: GET https://a.example/0 took 0.5 s",
        count=6,
        first_seen=at,
        last_seen=at,
        sample=states[0].state_id,
    )
    assert (second.key, second.count) == ('KeyError in fetch.py:work: "…"', 5)


@pytest.mark.usefixtures("chunks")
def test_the_states_of_a_cluster_are_those_it_counts(run: Begin, manager: StateManager) -> None:
    begun = worked(run, 33)
    failed = {state.state_id: state for state in begun.states("work") if state.error}
    found = [manager.cluster_states(begun.run_id, one.identifier, one.key) for one in manager.clusters(begun.run_id)]

    assert sorted(key for keys in found for key in keys) == sorted(failed)
    assert {failed[key].error.type for key in found[0]} == {"http.Timeout"}  # type: ignore[union-attr]


def test_a_cluster_that_is_not_there_has_no_states(run: Begin, manager: StateManager) -> None:
    begun = worked(run)

    assert manager.cluster_states(begun.run_id, "work", "nothing") == ()
    assert manager.contrast(begun.run_id, "work", "nothing") == ()


def test_a_run_without_failures_has_no_clusters(run: Begin, manager: StateManager) -> None:
    begun = run("a > b")
    begun.work()

    assert manager.clusters(begun.run_id) == ()


def test_outputs_whose_children_lack_a_value_are_failures_too(run: Begin, manager: StateManager) -> None:
    begun = run("split* > work", inputs={"work": {"n": "${{ split.outputs.n }}"}})
    begun.work(split=give({"n": 1}, {"m": 2}, {"m": 3}))
    (one,) = manager.clusters(begun.run_id)

    assert (one.identifier, one.count) == ("split", 2)
    assert one.error.startswith('NextCreatedError: "work" cannot be created')


def test_inputs_of_a_cluster_are_set_against_those_that_went_well(run: Begin, manager: StateManager) -> None:
    begun = worked(run, 60)
    (first, *_) = manager.clusters(begun.run_id)
    (told, *_) = manager.contrast(begun.run_id, first.identifier, first.key)

    assert told == Contrast("lang", '"th"', 10, 10, 0, 40)


def test_what_was_retried_is_no_failure_any_more(run: Begin, manager: StateManager) -> None:
    begun = worked(run)
    (first, *others) = manager.clusters(begun.run_id)
    manager.retry(begun.run_id, manager.cluster_states(begun.run_id, first.identifier, first.key))

    assert list(manager.clusters(begun.run_id)) == others


def test_the_states_of_a_fanout_that_failed_have_the_inputs_of_their_execution(
    run: Begin, manager: StateManager
) -> None:
    begun = run(
        "root* > split*, split > work",
        inputs={"split": {"k": "${{ root.outputs.k }}"}, "work": {"n": "${{ split.outputs.n }}"}},
    )
    good, bad = [{"n": 1}, {"n": 2}], [{"m": 1}, {"m": 2}]
    begun.exchange(report(begun.take()[0], give(*({"k": k} for k in range(8)))), capacity=20)
    begun.work(split=lambda inputs: give(*(bad if inputs["k"] > 3 else good)))
    (one,) = manager.clusters(begun.run_id)

    assert manager.contrast(begun.run_id, one.identifier, one.key)[0] == Contrast("k", ">= 4", 8, 8, 0, 4)


@pytest.mark.parametrize(
    ("text", "alike"),
    [
        ("row 17 of 20,000 took 1.5e-3 s", "row # of # took # s"),
        ("no field \"name\" in 'person'", 'no field "…" in "…"'),
        ("it isn't there, and can't be", "it isn't there, and can't be"),
        ("at 0x7f3a00c1 and 1f0c9a2b7d", "at # and #"),
        ("run 01a3185c-5000-7f5c-9e4b-37828c3b2e03", "run #"),
        ("cannot open /home/me/data/x.csv: gone", "cannot open /…: gone"),
        (r"cannot open C:\data\x.csv", "cannot open /…"),
        ("GET https://a.example/x?y=1 failed", "GET /… failed"),
        ("and/or is no path", "and/or is no path"),
        ("deadbeef is a word, defaced too", "deadbeef is a word, defaced too"),
        ("many   spaces\n and lines", "many spaces and lines"),
        ("page17 of worker-3", "page# of worker#"),
    ],
)
def test_what_varies_in_a_message_does_not_count(text: str, alike: str) -> None:
    assert without_varying(text) == alike
