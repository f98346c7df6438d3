"""What screens ask for that changes something; actions answer, and nothing happens by itself."""

from __future__ import annotations

from collections.abc import Sequence

from textual.message import Message

from exodsl.manager.inspection import Cluster


class RetryStates(Message):
    """Somebody wants to retry exactly these states.

    :param why: what they have in common, in a few words.
    """

    def __init__(self, run_id: str, state_ids: Sequence[int], why: str) -> None:
        super().__init__()
        self.run_id, self.state_ids, self.why = run_id, tuple(state_ids), why


class RetryCluster(Message):
    """Somebody wants to retry all states of a cluster of failures."""

    def __init__(self, run_id: str, cluster: Cluster) -> None:
        super().__init__()
        self.run_id, self.cluster = run_id, cluster
