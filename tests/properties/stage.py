"""What histories are made of: two processes at one database, and the runs of one random graph."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from exodsl.engine.reports import Claim, Report
from exodsl.errors import TransitionRefused
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.protocol import Exchange, Trigger
from exodsl.manager.sessions import LEASE_MS
from tests.manager.audit import Audit
from tests.manager.byhand import Clock
from tests.properties.bodies import Behaviour, Body, Deed, Fail
from tests.properties.driver import reported
from tests.properties.graphs import Case
from tests.properties.interpreter import play_to_the_end
from tests.properties.layout import Layout
from tests.properties.ledger import COUNTER, ONE_MORE, Ledger, Replay
from tests.properties.outcome import differences
from tests.properties.places import Place
from tests.properties.processes import Hand, Process, let_be_gone
from tests.properties.reading import Reader
from tests.properties.rows import Rows
from tests.properties.test_retries_by_hand import last_attempts

T = TypeVar("T")
HANDS = (2, 1)
"""How many runtimes each process has."""
GOES_WELL = Behaviour(writes=(ONE_MORE,))
MOST_WAITS = 2_000
MOST_LEFT = 8


class Stage:
    """The processes with their runtimes, the runs, and what is known of them without asking a manager.

    `left` are claims that do not count any more: they were told, or left behind.
    """

    def __init__(self, case: Case, place: Place) -> None:
        self.case = countable(case)
        self.clock = Clock()
        self.runs: list[str] = []
        self.left: list[Claim] = []
        self._ran: set[int] = set()
        self._layout = Layout(case.template.nodes)
        self._cancelled: dict[str, list[Any]] = {}
        self._place = place
        self._processes = [self._process(at) for at in range(len(HANDS))]
        self.rows = Rows(place.looks)
        self._audit = Audit(place.looks, case.template.nodes)
        self._ledger = Ledger(place.looks)

    def close(self) -> None:
        """End every process."""
        for manager in self.managers:
            manager.close()

    def _process(self, at: int) -> Process:
        return Process(self._place.address, self.clock, self.case.template, HANDS[at])

    # --- who is there -----------------------------------------------------------------------------

    @property
    def managers(self) -> list[EmbeddedManager]:
        """The state manager of each process."""
        return [process.manager for process in self._processes]

    @property
    def hands(self) -> list[Hand]:
        """Every runtime."""
        return [hand for process in self._processes for hand in process.hands]

    @property
    def holding(self) -> list[Hand]:
        """The runtimes that believe to hold something."""
        return [hand for hand in self.hands if hand.held]

    def crash(self, pick: int, *, seen: bool) -> None:
        """End a process without a word, and start it again; if it is not seen, its leases have to run out."""
        at = pick % len(self._processes)
        self.leave_behind(self._processes[at].crash())
        if seen:
            let_be_gone(self._place.looks, [hand.session for hand in self._processes[at].hands])
        self._processes[at] = self._process(at)

    def leave_behind(self, claims: Sequence[Claim]) -> None:
        """Remember claims whose reports have to be refused from now on."""
        self.left = [*self.left, *claims][-MOST_LEFT:]

    # --- work -------------------------------------------------------------------------------------

    def trigger(self) -> None:
        """Start a run."""
        template = self.case.template
        trigger = Trigger(template.namespace, template.name, self.case.run_inputs, self.case.store)
        self.runs += self.managers[0].trigger([trigger])

    def tell(self, hand: Hand, told: Sequence[tuple[Claim, Behaviour]], capacity: int) -> Exchange:
        """Report what bodies did; what counts by the rows goes into the ledger, the rest must be refused."""
        deeds = [(claim, self._deed(claim, behaviour)) for claim, behaviour in told]
        counting = [(claim, deed) for claim, deed in deeds if self.rows.is_held(claim)]
        reports = [Report(claim.state_id, claim.lease, reported(deed)) for claim, deed in deeds]
        answer = self.exchange(hand, reports, capacity)
        for claim, deed in counting:
            self._ledger.accept(claim, deed)
            if isinstance(deed, Fail):
                is_tried_again = deed.retryable and claim.retry_count < claim.retry_policy.max_retries
                assert self.rows.state(claim.state_id) == ("RETRY_CREATED" if is_tried_again else "ERRORED")
        self.leave_behind([claim for claim, _ in deeds])
        return answer

    def exchange(self, hand: Hand, reports: Sequence[Report], capacity: int) -> Exchange:
        """Exchange, and see that nothing is refused that counts, and nothing handed out that must not be."""
        held = {claim.state_id: claim for claim in hand.held}
        counting = {report.state_id for report in reports if self._counts(held.get(report.state_id), report)}
        others = [other for other in self.hands if other is not hand and other.is_heard]
        taken = {claim.state_id for other in others for claim in other.held if self.rows.is_held(claim)}
        shut = {run_id for run_id in self.runs if self.rows.run(run_id) in ("PAUSED", "CANCELLED")}
        answer = hand.exchange(reports, capacity)
        assert sorted(answer.refused) == sorted({report.state_id for report in reports} - counting)
        assert len(answer.claims) <= capacity
        for claim in answer.claims:
            assert self.rows.is_held(claim)
            assert claim.run_id not in shut
            assert claim.state_id not in taken, "what one runtime holds is handed out to no other"
            assert self.rows.due_at(claim.state_id) <= self.clock.now_ms
        self._ran.update(claim.state_id for claim in answer.claims)
        return answer

    def _counts(self, held: Claim | None, report: Report) -> bool:
        return held is not None and held.lease == report.lease and self.rows.is_held(held)

    def _deed(self, claim: Claim, behaviour: Behaviour) -> Deed:
        width = behaviour.width if self._layout.fans_out(claim.identifier) else 1
        body = Body(self.case.bodies[claim.identifier].fields, (replace(behaviour, width=width),))
        return body.deed(claim.identifier, json.loads(claim.inputs), 0, 0)

    # --- control by hand --------------------------------------------------------------------------

    def is_done(self, call: Callable[[], object]) -> bool:
        """Do something by hand; say whether it was done, and see that nothing changed where it was refused."""
        before = self._everything()
        try:
            call()
        except TransitionRefused:
            assert self._everything() == before
            return False
        return True

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """See that no row of any run changes."""
        before = self._everything()
        yield
        assert self._everything() == before

    def _everything(self) -> list[Any]:
        return [self.rows.spilled(), *(self.rows.of(run_id) for run_id in self.runs)]

    def note_cancel(self, run_id: str) -> None:
        """From now on, nothing of this run may change."""
        self._cancelled[run_id] = self.rows.of(run_id)

    def rerun(self, manager: EmbeddedManager, run_id: str, key: int) -> None:
        """Start again from a state, in a new run."""
        copied = manager.rerun(run_id, key).run_id
        self.runs.append(copied)
        self._ledger.copy(run_id, copied)
        self._reader().adopt(run_id, copied)

    def _reader(self) -> Reader:
        return Reader(self.managers[0], self.case.template, self._ran)

    # --- what has to hold -------------------------------------------------------------------------

    def check(self) -> None:
        """See that everything adds up, each outcome stands once, and what was cancelled stays as it was."""
        self._audit.check()
        self._ledger.check()
        assert {run_id: self.rows.of(run_id) for run_id in self._cancelled} == self._cancelled

    def finish(self) -> None:
        """Work off what is left, and compare each run that was not cancelled with the interpreter."""
        for hand in self.hands:
            hand.leave()
        for _ in range(2):  # then whoever crashed holds nothing; after a leap of the clock leases begin anew
            self.clock.now_ms += LEASE_MS + 1
            self.exchange(self.hands[0], [], 0)
        for run_id in self.runs:
            if self.rows.run(run_id) == "PAUSED":
                self.managers[0].resume(run_id)
        self._work_off(self.hands[0])
        self.check()
        for run_id in self.runs:
            if run_id not in self._cancelled:
                self._compare(run_id)

    def _work_off(self, hand: Hand) -> None:
        for _ in range(MOST_WAITS):
            answer = self.tell(hand, [(claim, GOES_WELL) for claim in hand.held], 50)
            if hand.held:
                continue
            if answer.next_due_ms is None:
                return
            self.clock.now_ms += answer.next_due_ms
        raise AssertionError("there is always something due, and never anything to do")

    def _compare(self, run_id: str) -> None:
        assert self.rows.run(run_id) in ("SUCCESS", "FAILED"), f"the run {run_id} waits for nothing, and goes on"
        template = self.case.template
        store = {**template.store_config.default_values, **self.case.store}
        replay = Replay(template, self.case.run_inputs, store, self._ledger.ends(run_id))
        play_to_the_end(replay)
        expected, actual = last_attempts(replay.outcome()), last_attempts(self._reader().outcome(run_id))
        different = differences(expected, actual)
        assert not different, "\n".join([f"the run {run_id} is not what its history says:", *different])


def countable(case: Case) -> Case:
    """Let the store of a case have the counter that the ledger sums up."""
    template = case.template
    defaults = {**template.store_config.default_values, COUNTER: 0}
    config = template.store_config.model_copy(update={"default_values": defaults})
    return replace(case, template=template.model_copy(update={"store_config": config}))


def one(those: Sequence[T], pick: int) -> T:
    """Return the one that a drawn number means."""
    return those[pick % len(those)]
