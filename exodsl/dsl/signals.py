"""Signals: what a body raises to steer its branch instead of returning (semantics 5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any


class Prune(BaseException):
    """End this branch on purpose; its data is kept and it counts as no failure (semantics 5).

    :param reason: kept in the data as `reason`, when it is not empty.
    :param data: JSON-able values that are kept with the state.
    """

    def __init__(self, reason: str = "", **data: Any) -> None:
        self.reason = reason
        self.data: dict[str, Any] = {"reason": reason, **data} if reason else data
        super().__init__(reason or "pruned")


class PruneSignal(Prune):
    """Exosphere's spelling of `Prune`: takes the data as one dictionary."""

    def __init__(self, data: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.data = dict(data or {})


class Requeue(BaseException):
    """Run this state again after a while, without using up a retry (semantics 5).

    :param after: how long to wait, more than zero.
    :raises ValueError: when the delay is not more than zero.
    """

    def __init__(self, after: timedelta) -> None:
        if after <= timedelta(0):
            raise ValueError(f"A requeue needs a delay of more than zero, not {after}.")
        self.after = after
        super().__init__(f"again after {after}")


class ReQueueAfterSignal(Requeue):
    """Exosphere's spelling of `Requeue`."""

    def __init__(self, delay: timedelta) -> None:
        super().__init__(delay)

    @property
    def delay(self) -> timedelta:
        """The delay, under Exosphere's name."""
        return self.after


class Fatal(Exception):
    """Fail this state for good: it is not retried, whatever the policy says (semantics 5)."""
