"""Reads what is left of a run, through the state manager alone."""

from __future__ import annotations

from exodsl.manager.protocol import StateManager
from exodsl.manager.views import StateView
from exodsl.template.models import GraphTemplate
from tests.properties.outcome import Outcome, Row


class Reader:
    """Reads runs of one template; `ran` are the states that a runtime had: all others were born ended."""

    def __init__(self, manager: StateManager, template: GraphTemplate, ran: set[int]) -> None:
        self._manager = manager
        self._template = template
        self.ran = ran

    def outcome(self, run_id: str) -> Outcome:
        """Read what is left of a run."""
        status = self._manager.run(run_id).status
        return Outcome(status, self._manager.read_store(run_id), self._rows(run_id))

    def all_states(self, run_id: str) -> list[StateView]:
        """Return every state of a run, in the order of the template."""
        return [view for node in self._template.nodes for view in self._views(run_id, node.identifier)]

    def adopt(self, run_id: str, copied: str) -> None:
        """Take what ran in a run as having run in a copy of it."""
        ran = {full_place(view) for view in self.all_states(run_id) if view.state_id in self.ran}
        self.ran.update(view.state_id for view in self.all_states(copied) if full_place(view) in ran)

    def _rows(self, run_id: str) -> dict[str, list[Row]]:
        found = {node.identifier: self._views(run_id, node.identifier) for node in self._template.nodes}
        return {name: [self._row(view) for view in views] for name, views in found.items() if views}

    def _views(self, run_id: str, identifier: str) -> list[StateView]:
        views: list[StateView] = []
        cursor = None
        while True:
            page = self._manager.states(run_id, identifier=identifier, limit=7, cursor=cursor)
            views += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        placed = sorted(views, key=lambda view: (view.path, view.fanout_index, view.attempt))
        assert [_place(view) for view in views] == [_place(view) for view in placed], "pages are in fanout order"
        return placed

    def _row(self, view: StateView) -> Row:
        ran = view.state_id in self.ran or view.fanout_index > 0
        data = view.data if view.status == "PRUNED" and ran else None
        return Row(view.status, view.retry_count, view.inputs if ran else None, view.outputs, data)


def _place(view: StateView) -> tuple[tuple[int, ...], int]:
    return view.path, view.fanout_index


def full_place(view: StateView) -> tuple[object, ...]:
    """Return what a state and its copy in another run have in common."""
    return view.identifier, view.path, view.fanout_index, view.attempt
