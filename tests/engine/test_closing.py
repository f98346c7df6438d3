"""What a gate does when it closes, asked for before it does (semantics 4)."""

from __future__ import annotations

from typing import Any

import pytest

from exodsl.engine.closing import Ending, closing
from exodsl.engine.status import State

NEEDY: dict[str, Any] = {"inputs": {"end": {"n": "${{ first.outputs.n }}"}}}


@pytest.mark.parametrize(
    ("strategy", "failed", "ending"),
    [("split", 0, Ending.RUNS), ("split", 1, Ending.BLOCKED), ("split!", 1, Ending.RUNS)],
)
def test_a_failure_blocks_a_strict_gate(scene: Any, strategy: str, failed: int, ending: Ending) -> None:
    here = scene("split* > work, work > end", unites={"end": strategy})

    assert closing(here.gate("end", failed=failed), here.known).ending is ending


@pytest.mark.parametrize(
    ("ended", "ending"),
    [(State.PRUNED, Ending.PRUNED), (State.ERRORED, Ending.ERRORED), (None, Ending.ERRORED)],
)
def test_a_single_value_that_is_missing_ends_the_unite_at_birth(
    scene: Any, ended: State | None, ending: Ending
) -> None:
    here = scene("split > first second, first > end, second > end", unites={"end": "split!"}, **NEEDY)
    if ended is not None:
        here.known.endings[1, here.index["first"], b""] = ended
    found = closing(here.gate("end"), here.known)

    assert found.ending is ending
    assert [item.reason for item in found.missing] == [
        "${{ first.outputs.n }} has no value: that state gave no outputs"
    ]


def test_a_gate_with_all_values_gives_the_inputs_of_its_unite(scene: Any) -> None:
    here = scene("split > first second, first > end, second > end", unites={"end": "split!"}, **NEEDY)
    here.known.single[1, here.index["first"], b""] = {"n": 7}

    assert closing(here.gate("end"), here.known).inputs == {"n": 7}
