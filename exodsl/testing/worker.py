"""A runtime in small: it runs the bodies of what it holds one after the other, in this thread, on a fake clock."""

from __future__ import annotations

import asyncio
import contextvars
import math
from collections.abc import Mapping, Sequence
from functools import partial

from pydantic import SecretStr

from exodsl.dsl.body import Body
from exodsl.engine.reports import Claim, Report, Usage
from exodsl.errors import RunStuck
from exodsl.manager.protocol import Exchange, Serves, StateManager
from exodsl.runtime.bodies import IN_A_THREAD, Bodies
from exodsl.runtime.desk import Kit
from exodsl.runtime.judging import Ending, Raised, failure
from exodsl.testing.clock import FakeClock
from exodsl.testing.virtual import NothingToWaitFor, VirtualLoop


class InlineBodies(Bodies):
    """Bodies that get secrets as the test gives them, whatever their variables say."""

    def __init__(self, manager: StateManager, bodies: Mapping[str, Body], given: Mapping[str, SecretStr]) -> None:
        super().__init__(manager, bodies, {})
        self._given = given

    def _has(self, executor: str) -> bool:
        return True  # whatever it is called: bodies run here

    def _secrets(self, claim: Claim, kit: Kit) -> Mapping[str, str]:
        given = {name: self._given[name].get_secret_value() for name in kit.declared if name in self._given}
        others = {name: optional for name, optional in kit.declared.items() if name not in given}
        return {**self._kept_secrets.of(self._template(claim.run_id), others), **given}


class Worker:
    """Works on one run, or on all that there is of a graph.

    :param own: the bodies of the graph, by node name.
    :param faked: the bodies that stand in for some of them, by identifier.
    :param secrets: values that are given by the test, by name.
    """

    def __init__(
        self,
        manager: StateManager,
        clock: FakeClock,
        serves: Serves,
        *,
        own: Mapping[str, Body],
        faked: Mapping[str, Body],
        secrets: Mapping[str, SecretStr],
    ) -> None:
        self._manager, self._clock = manager, clock
        self._bodies = InlineBodies(manager, own, secrets)
        self._faked = {name: InlineBodies(manager, {body.node_name: body}, secrets) for name, body in faked.items()}
        self._runner = asyncio.Runner(loop_factory=partial(VirtualLoop, clock))
        self._session = manager.open_session("test", serves)

    def work(self, claim: Claim) -> Report:
        """Run the body of a claimed state to its end."""
        begun = self._clock.elapsed
        ending = self._ending(claim)
        result = failure(ending, claim.retry_policy) if isinstance(ending, Raised) else ending
        return Report(claim.state_id, claim.lease, result, Usage(round((self._clock.elapsed - begun) * 1000)))

    def exchange(self, reports: Sequence[Report], capacity: int) -> Exchange:
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
