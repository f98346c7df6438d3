"""The delay before each retry (semantics 6)."""

from __future__ import annotations

from typing import Any

import pytest

from exodsl.template.policies import LONGEST_DELAY_MS, RetryPolicy

STRATEGIES = {
    "EXPONENTIAL": (100, 300, 900, 2_700),
    "LINEAR": (100, 200, 300, 400),
    "FIXED": (100, 100, 100, 100),
}
ALL = [f"{shape}{jitter}" for shape in STRATEGIES for jitter in ("", "_FULL_JITTER", "_EQUAL_JITTER")]


def policy(strategy: str, **parts: Any) -> RetryPolicy:
    """Return a policy of 100 ms and exponent 3."""
    return RetryPolicy.model_validate({"strategy": strategy, "backoff_factor": 100, "exponent": 3} | parts)


@pytest.mark.parametrize("shape", STRATEGIES)
@pytest.mark.parametrize("chance", [0.0, 0.25, 0.5, 0.999])
def test_every_strategy_follows_its_formula(shape: str, chance: float) -> None:
    whole = STRATEGIES[shape]
    plain, full, equal = (
        [policy(f"{shape}{jitter}").delay_ms(k, chance) for k in (1, 2, 3, 4)]
        for jitter in ("", "_FULL_JITTER", "_EQUAL_JITTER")
    )

    assert plain == list(whole)
    assert full == [int(delay * chance) for delay in whole]
    assert equal == [int(delay / 2 + delay / 2 * chance) for delay in whole]


def test_an_exponent_of_one_does_not_grow() -> None:
    assert [policy("EXPONENTIAL", exponent=1).delay_ms(k, 0.0) for k in (1, 5, 5_000)] == [100, 100, 100]


@pytest.mark.parametrize("strategy", ALL)
def test_no_delay_exceeds_the_cap(strategy: str) -> None:
    capped = policy(strategy, max_delay=250)

    assert max(capped.delay_ms(k, chance) for k in (1, 2, 9, 99) for chance in (0.0, 0.5, 0.999)) <= 250


@pytest.mark.parametrize("strategy", ALL)
@pytest.mark.parametrize("retry", [1, 50, 647, 648, 10**6])
@pytest.mark.parametrize("chance", [0.0, 0.5])
def test_no_delay_is_beyond_every_date(strategy: str, retry: int, chance: float) -> None:
    """Powers of a float overflow in two ways: with an error, or to infinity."""
    delay = policy(strategy, backoff_factor=2_000).delay_ms(retry, chance)

    assert 0 <= delay <= LONGEST_DELAY_MS


def test_the_defaults_are_those_of_the_documents() -> None:
    default = RetryPolicy()

    assert (default.max_retries, default.strategy, default.max_delay) == (3, "EXPONENTIAL", None)
    assert [default.delay_ms(k, 0.5) for k in (1, 2, 3)] == [2_000, 4_000, 8_000]
