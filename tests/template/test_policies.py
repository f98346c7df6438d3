"""Retry policies: what cannot be meant is refused, in a module in one line (semantics 6)."""

from typing import Any

import pytest
from pydantic import ValidationError

from exodsl.errors import DefinitionError
from exodsl.template.models import GraphTemplate
from exodsl.template.policies import RetryPolicy

KNOWN = "max_retries, strategy, backoff_factor, exponent, max_delay, retry_on, give_up_on"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"max_retry": 1}, f'RetryPolicy(max_retry=1): takes {KNOWN}. Did you mean "max_retries"?'),
        ({"max_retries": -1}, "RetryPolicy(max_retries=-1): Input should be greater than or equal to 0."),
        (
            {"max_delay": 0, "exponent": "x"},
            (
                "RetryPolicy(exponent='x'): Input should be a valid integer, unable to parse string as an integer."
                " RetryPolicy(max_delay=0): Input should be greater than 0."
            ),
        ),
        (
            {"retry_on": ValueError},
            "RetryPolicy(retry_on=ValueError): takes a tuple of exception types, such as retry_on=(ValueError,).",
        ),
        (
            {"give_up_on": (5,)},
            "RetryPolicy(give_up_on=(5,)): takes a tuple of exception types, such as give_up_on=(ValueError,).",
        ),
    ],
)
def test_what_a_module_cannot_mean_is_refused_in_one_line(values: dict[str, Any], said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        RetryPolicy(**values)

    assert str(caught.value) == said


def test_a_strategy_gets_the_one_that_was_meant() -> None:
    with pytest.raises(DefinitionError, match=r'strategy=\'LINEER\'\): takes one of EXP.* Did you mean "LINEAR"\?$'):
        RetryPolicy(strategy="LINEER")  # type: ignore[arg-type]


def test_a_policy_of_a_template_is_judged_with_the_template() -> None:
    nodes = [{"node_name": "A", "identifier": "a", "retry_policy": {"max_retries": -1}}]

    with pytest.raises(ValidationError) as caught:
        GraphTemplate.model_validate({"nodes": nodes, "retry_policy": {"max_retry": 1}})

    assert [one["loc"] for one in caught.value.errors()] == [
        ("nodes", 0, "retry_policy", "max_retries"),
        ("retry_policy", "max_retry"),
    ]
