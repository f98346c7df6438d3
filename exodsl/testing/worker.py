"""A runtime in small: it runs the bodies of what it holds one after the other, in this thread, on a fake clock."""

from __future__ import annotations

import asyncio
import contextvars
import math
from collections.abc import Mapping
from functools import partial
from typing import Any

from exodsl.api.running import bodies
from exodsl.dsl.body import Body
from exodsl.dsl.graph import Graph
from exodsl.engine.reports import Claim, Report, Usage
from exodsl.errors import RunStuck
from exodsl.manager.protocol import Exchange, Serves
from exodsl.runtime.bodies import IN_A_THREAD, Bodies
from exodsl.runtime.judging import Ending, Raised, failure
from exodsl.testing.run import InlineRun
from exodsl.testing.virtual import NothingToWaitFor, VirtualLoop


class Worker:
    """Works on one run.

    :param graph: what it is a run of.
    :param faked: the bodies that stand in for those of the graph, by identifier.
    """

    def __init__(self, run: InlineRun, graph: Graph[Any, Any], faked: Mapping[str, Body]) -> None:
        manager, named = run.manager, bodies(graph)
        self._manager, self._clock = manager, run.clock
        self._bodies = Bodies(manager, named)
        self._faked = {name: Bodies(manager, {body.node_name: body}) for name, body in faked.items()}
        self._runner = asyncio.Runner(loop_factory=partial(VirtualLoop, run.clock))
        serves = Serves({(graph.namespace, graph.name): frozenset(named)}, run.run_id)
        self._session = manager.open_session("test", serves)

    def work(self, claim: Claim) -> Report:
        """Run the body of a claimed state to its end."""
        begun = self._clock.elapsed
        ending = self._ending(claim)
        result = failure(ending, claim.retry_policy) if isinstance(ending, Raised) else ending
        return Report(claim.state_id, claim.lease, result, Usage(round((self._clock.elapsed - begun) * 1000)))

    def exchange(self, reports: list[Report], capacity: int) -> Exchange:
        """Tell what came of bodies, and what they logged; take up to so many states."""
        notes = [note for one in (self._bodies, *self._faked.values()) for note in one.notebook.take(reports, math.inf)]
        return self._manager.exchange(self._session, reports, capacity, notes)

    def leave(self) -> None:
        """Take leave; what it holds is put back."""
        self.vanish()
        self._manager.close_session(self._session)

    def vanish(self) -> None:
        """Be gone without a word, as a process that is killed."""
        self._runner.close()

    def _ending(self, claim: Claim) -> Ending:
        own = self._faked.get(claim.identifier, self._bodies)
        if own.kit(claim).body.style == "async":
            return self._awaited(own, claim)
        limit, begun = own.timeout(claim), self._clock.elapsed
        ending = contextvars.copy_context().run(own.run_on_thread, claim)
        if limit is not None and self._clock.elapsed - begun > limit:
            return own.timed_out(claim, IN_A_THREAD)
        return ending

    def _awaited(self, own: Bodies, claim: Claim) -> Ending:
        try:
            return self._runner.run(own.run_in_loop(claim), context=contextvars.copy_context())
        except NothingToWaitFor:
            raise RunStuck(
                claim.run_id,
                f'The body of "{claim.identifier}" waits for something that nobody does: no timer, no thread and no'
                " socket is left that could wake it. Give its node a timeout, or a fake.",
            ) from None
