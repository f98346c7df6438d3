"""Retry policies: how often, and after which delay (semantics 6)."""

from __future__ import annotations

from typing import Any

import pytest

from exodsl.manager.protocol import StateManager
from tests.manager.byhand import ByHand, fail, give, numbers, put, report
from tests.manager.conftest import Begin

DELAYS = {
    "EXPONENTIAL": (1_000, 3_000, 9_000),
    "LINEAR": (1_000, 2_000, 3_000),
    "FIXED": (1_000, 1_000, 1_000),
}


def waits(begun: ByHand, retries: int) -> list[int]:
    """Fail so often; return the milliseconds that each retry had to wait."""
    found = []
    (claim,) = begun.take()
    for _ in range(retries):
        due = begun.exchange(report(claim, fail(retryable=True))).next_due_ms
        assert due is not None
        begun.clock.now_ms += due
        found.append(due)
        (claim,) = begun.held or begun.take()
    return found


@pytest.mark.parametrize("shape", DELAYS)
def test_delays_without_jitter_follow_the_formula(run: Begin, shape: str) -> None:
    begun = run("root", retry_policy={"strategy": shape, "backoff_factor": 1_000, "exponent": 3})

    assert tuple(waits(begun, 3)) == DELAYS[shape]


@pytest.mark.parametrize("shape", DELAYS)
@pytest.mark.parametrize(("jitter", "least"), [("FULL_JITTER", 0), ("EQUAL_JITTER", 0.5)])
def test_jitter_stays_within_its_bounds_and_varies(run: Begin, shape: str, jitter: str, least: float) -> None:
    policy = {"strategy": f"{shape}_{jitter}", "backoff_factor": 1_000, "exponent": 3}
    drawn = [waits(run("root", name=f"graph {number}", retry_policy=policy), 3) for number in range(8)]

    for retry, whole in enumerate(DELAYS[shape]):
        column = [each[retry] for each in drawn]
        assert all(whole * least <= wait <= whole for wait in column)
        assert len(set(column)) > 1


def test_the_same_seed_gives_the_same_jitter(run: Begin) -> None:
    begun = run("root", retry_policy={"strategy": "FIXED_FULL_JITTER", "backoff_factor": 1_000_000})

    assert waits(begun, 2) == [134_364, 847_433]


def test_max_delay_caps_a_delay(run: Begin) -> None:
    begun = run("root", retry_policy={"max_retries": 9, "backoff_factor": 1_000, "max_delay": 3_500})

    assert waits(begun, 4) == [1_000, 2_000, 3_500, 3_500]


def test_the_defaults_are_three_retries_after_2_4_and_8_seconds(run: Begin) -> None:
    begun = run("root")
    waited = waits(begun, 3)
    begun.tell(report(begun.held[0], fail(retryable=True)))

    assert waited == [2_000, 4_000, 8_000]
    assert begun.ends("root") == ["RETRY_CREATED"] * 3 + ["ERRORED"]


def test_a_node_may_have_a_policy_of_its_own(run: Begin) -> None:
    own: dict[str, Any] = {"retry_policy": {"max_retries": 1, "strategy": "FIXED", "backoff_factor": 5}}
    begun = run("root > leaf", retry_policy={"max_retries": 0}, parts={"leaf": own})
    claim = begun.reach("leaf")
    due = begun.exchange(report(claim, fail(retryable=True))).next_due_ms

    assert (due, claim.retry_policy.max_retries) == (5, 1)


def test_no_retries_means_one_attempt(run: Begin) -> None:
    begun = run("root", retry_policy={"max_retries": 0})
    begun.work(root=fail(retryable=True))

    assert begun.ends("root") == ["ERRORED"]


def test_a_retry_has_the_inputs_of_the_first_attempt(run: Begin) -> None:
    """They are resolved once: a store that changed meanwhile changes nothing."""
    begun = run(
        "root > other late",
        inputs={"late": {"n": "${{ root.outputs.n }}", "s": "${{ store.s }}"}},
        store_config={"default_values": {"s": "first"}},
        retry_policy={"strategy": "FIXED", "backoff_factor": 1},
    )
    late = begun.reach("late", root=give({"n": 3}))
    begun.tell(report(late, fail(retryable=True)))
    begun.work(other=give({}, writes=[put("s", "second")]))

    assert [state.inputs for state in begun.states("late")] == [{"n": 3, "s": "first"}] * 2


def test_a_retried_branch_keeps_its_place_in_the_fanout(run: Begin) -> None:
    begun = run(
        "root* > work, work > end",
        unites={"end": "root"},
        inputs={"work": {"n": "${{ root.outputs.n }}"}, "end": {"all": "${{ work.outputs.n }}"}},
        retry_policy={"strategy": "FIXED", "backoff_factor": 50},
    )
    failed: set[int] = set()

    def work(inputs: dict[str, Any]) -> Any:
        n = inputs["n"]
        if n == 0 and n not in failed:
            failed.add(n)
            return fail(retryable=True)
        return give({"n": n})

    begun.work(root=numbers(3), work=work)

    assert begun.inputs("end") == {"all": [0, 1, 2]}


def test_a_retry_does_not_close_the_gate_behind_it(run: Begin) -> None:
    begun = run("root > a b, a b > end", unites={"end": "root"})
    a = begun.reach("a")
    (b,) = (claim for claim in begun.held if claim.identifier == "b")
    begun.tell(report(a), report(b, fail(retryable=True)))

    assert begun.states("end") == []
    assert begun.work() == "SUCCESS"


def test_a_delay_that_grew_past_every_sense_stays_a_date(run: Begin, manager: StateManager) -> None:
    begun = run("root", retry_policy={"max_retries": 400, "backoff_factor": 10**9, "exponent": 10**9})
    waited = waits(begun, 40)

    assert waited == sorted(waited)
    assert manager.state(begun.held[0].state_id).status == "QUEUED"
