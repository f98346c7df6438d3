"""A run whose states end in every way, for tests of lists."""

from __future__ import annotations

from typing import Any

from tests.manager.byhand import ByHand, fail, give, prune
from tests.manager.conftest import Begin

MIXED: dict[str, Any] = {
    "arrows": "root* > work side, work > end, end > last*",
    "unites": {"end": "root!"},
    "inputs": {
        "work": {"n": "${{ root.outputs.n }}", "lang": "${{ root.outputs.lang }}"},
        "side": {"x": "${{ root.outputs.x }}"},
    },
    "retry_policy": {"max_retries": 1, "strategy": "FIXED", "backoff_factor": 5},
}


def mixed(run: Begin, width: int = 23) -> ByHand:
    """Work a run whose states end in every way."""
    begun = run(**MIXED)

    def work(inputs: dict[str, Any]) -> Any:
        ways = [give({"score": inputs["n"] / 10}), fail("lost 3 rows"), prune(), fail("Timeout", retryable=True)]
        return ways[inputs["n"] % 4]

    outputs = [{"n": n, "lang": "th" if n % 3 else "en"} | ({"x": 0} if n % 5 else {}) for n in range(width)]
    begun.work(root=give(*outputs), work=work, last=give({}, {}))
    return begun
