"""Signals pass through `except Exception`, and have Exosphere's spellings beside them."""

from datetime import timedelta

import pytest

from exodsl import Fatal, Prune, PruneSignal, Requeue, ReQueueAfterSignal


def test_prune_keeps_its_reason_with_its_data() -> None:
    assert Prune("gone", job_id="a").data == {"reason": "gone", "job_id": "a"}
    assert Prune(job_id="a").data == {"job_id": "a"}


def test_prune_signal_takes_a_dictionary() -> None:
    assert PruneSignal({"job_id": "a"}).data == {"job_id": "a"}
    assert PruneSignal().data == {}


def test_both_are_prunes_and_requeues() -> None:
    assert issubclass(PruneSignal, Prune)
    assert issubclass(ReQueueAfterSignal, Requeue)
    assert ReQueueAfterSignal(timedelta(seconds=1)).delay == Requeue(after=timedelta(seconds=1)).after


@pytest.mark.parametrize("delay", [timedelta(0), timedelta(seconds=-1)])
def test_a_delay_is_more_than_zero(delay: timedelta) -> None:
    with pytest.raises(ValueError, match=r"more than zero"):
        Requeue(delay)


def test_fatal_is_an_ordinary_exception() -> None:
    assert issubclass(Fatal, Exception)
