"""A process is killed at each boundary of its transactions in turn, and the run goes on (semantics 3)."""

from __future__ import annotations

import signal
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from tests.faults.dying import BEGIN, COMMIT, Death, When, work_until
from tests.faults.orders import work
from tests.faults.outcome import Outcome

LEAST = 16


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What becomes of the run when nobody is killed."""
    return work(tmp_path_factory.mktemp("undisturbed") / "exodsl.db")


def test_the_undisturbed_run_has_a_bit_of_everything(undisturbed: Outcome) -> None:
    statuses = {state["status"] for state in undisturbed.states}

    assert undisturbed.status == "SUCCESS"
    assert statuses == {"SUCCESS", "RETRY_CREATED", "PRUNED"}
    assert undisturbed.store == {"priced": 6, "billed": 2, "asked": 1, "title": "2 orders", "total": 2_400}
    assert {gate["status"] for gate in undisturbed.gates} == {"PASSED"}


@pytest.mark.parametrize("statement", [BEGIN, COMMIT])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_any_transaction_changes_nothing_of_the_result(
    processes: ForkServerContext, undisturbed: Outcome, tmp_path: Path, when: When, statement: str
) -> None:
    """From the first transaction, which makes the tables, until one comes that the process does not reach."""
    killed = 0
    while True:
        file = tmp_path / f"{killed}.db"
        process = processes.Process(target=work_until, args=(Death(when, statement, killed + 1), file), daemon=True)
        process.start()
        process.join()
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        killed += 1

        assert work(file) == undisturbed

    assert killed >= LEAST
