"""What the keys act on that change, copy or export something: what the cursor is on, or what a screen is about."""

from __future__ import annotations

from dataclasses import dataclass

from exodsl.manager.filters import RunFilter, StateFilter, Term


@dataclass(frozen=True, slots=True)
class Aim:
    """What one may act on here; what is `None` or empty is not there.

    :param run_id: the run under the cursor, or that the screen is about.
    :param graph: namespace and name of its graph, or of the graph under the cursor.
    :param states: the states that are marked, else the one under the cursor.
    :param marked: whether they were marked.
    :param matching: all states of the run that the list shows.
    :param matching_said: what those are, behind "state" or "states".
    :param runs: all runs that the list shows.
    :param schedule_id: the schedule under the cursor.
    """

    run_id: str | None = None
    graph: tuple[str, str] | None = None
    states: tuple[int, ...] = ()
    marked: bool = False
    matching: StateFilter | None = None
    matching_said: str = "that match"
    runs: RunFilter | None = None
    schedule_id: int | None = None

    @classmethod
    def of_nodes(cls, names: tuple[str, ...]) -> Aim:
        """Return the aim at the states of some nodes of a run."""
        if not names:
            return cls()
        return cls(matching=StateFilter((Term("node", "=", names),)), matching_said=f"of {', '.join(names)}")

    @property
    def kinds(self) -> tuple[bool, ...]:
        """What of it is there: as long as that is the same, the same keys work."""
        one = self.state_id is not None
        run, states, schedule = self.run_id is not None, bool(self.states), self.schedule_id is not None
        return run, states, one, self.marked, self.matching is not None, schedule

    @property
    def state_id(self) -> int | None:
        """The one state, if it is one."""
        return self.states[0] if len(self.states) == 1 else None
