"""What a program reads from a run."""

import asyncio
from pathlib import Path

import pytest
from pydantic import BaseModel

from exodsl import (
    BaseNode,
    DefinitionError,
    Graph,
    NotFound,
    Prune,
    RetryPolicy,
    Run,
    RunFailed,
    StoreUnavailable,
    collect,
    env,
    node,
)
from exodsl.manager.protocol import StateManager as Manager

ONCE = RetryPolicy(max_retries=0)


class Part(BaseModel):
    text: str
    number: int


@node
def split(document: str) -> list[Part]:
    return [Part(text=text, number=number) for number, text in enumerate(document.split())]


@node(retry=ONCE)
def count(text: str) -> int:
    if text == "bad":
        raise ValueError("not countable")
    if text == "skip":
        raise Prune("skipped")
    return len(text)


@node
def total(counts: list[int]) -> int:
    return sum(counts)


class Shout(BaseNode):
    class Inputs(BaseModel):
        total: int

    class Outputs(BaseModel):
        shout: str

    async def execute(self) -> Outputs:
        return self.Outputs(shout="!" * self.inputs.total)


@pytest.fixture
def graph() -> Graph:
    """Splits a text, counts each word, adds up, and shouts."""
    graph = Graph("words")
    graph.connect(split, count)
    graph.connect(count, total, counts=collect(count.outputs)).unites(split)
    graph.connect(total, Shout, total=total.outputs)
    return graph


def test_outputs_are_of_the_nodes_own_type_in_fanout_order(graph: Graph, manager: Manager) -> None:
    run = graph.run(document="a bcd ef", db=manager)

    assert run.outputs(split)[1] == Part(text="bcd", number=1)
    assert run.outputs(count) == [1, 3, 2]


def test_the_output_of_a_single_state_is_its_value(graph: Graph, manager: Manager) -> None:
    run = graph.run(document="a bcd ef", db=manager)

    assert (run.output(total), run.output("total"), run.output(Shout)) == (6, 6, Shout.Outputs(shout="!!!!!!"))


def test_all_pages_of_outputs_are_read(graph: Graph, manager: Manager) -> None:
    run = graph.run(document="a " * 2500, db=manager)

    assert len(run.outputs(count)) == len(run.states(count)) == 2500


def test_a_failed_run_is_returned_and_raises_when_asked(graph: Graph, manager: Manager) -> None:
    run = graph.run(document="a bad ef", db=manager)

    with pytest.raises(RunFailed) as raised:
        run.raise_if_failed()

    assert (run.status, raised.value.identifier, raised.value.run_id) == ("FAILED", "count", run.run_id)


def test_the_output_of_a_failed_run_names_node_inputs_and_traceback(graph: Graph, manager: Manager) -> None:
    run = graph.run(document="a bad ef", db=manager)

    with pytest.raises(RunFailed) as raised:
        run.output(total)

    message = str(raised.value)
    assert 'failed at "count": ValueError: not countable' in message
    assert 'Inputs: {"text":"bad"}' in message
    assert 'raise ValueError("not countable")' in message


def test_values_from_before_a_failure_can_be_read(graph: Graph, manager: Manager) -> None:
    run = graph.run(document="a bad ef", db=manager)

    assert (run.outputs(count), run.outputs(total)) == ([1, 2], [])


def test_a_run_that_did_not_fail_is_given_back(graph: Graph, manager: Manager) -> None:
    run = graph.run(document="a", db=manager)

    assert run.raise_if_failed() is run


def test_no_output_and_no_failure_is_said_so(manager: Manager) -> None:
    graph = Graph("pruned")
    graph.start(count)

    run = graph.run(text="skip", db=manager)

    with pytest.raises(NotFound, match=r'"count" has no output in run .*: it is PRUNED'):
        run.output(count)


def test_several_outputs_are_not_one(graph: Graph, manager: Manager) -> None:
    run = graph.run(document="a b", db=manager)

    with pytest.raises(NotFound, match='"count" gave 2 outputs'):
        run.output(count)


def test_a_node_under_another_identifier_is_pointed_out(graph: Graph, manager: Manager) -> None:
    run = graph.run(document="a b", db=manager)

    with pytest.raises(NotFound, match='"again" stands in this graph as count'):
        run.outputs(count.named("again"))


def test_a_node_of_another_graph_is_not_there(graph: Graph, manager: Manager) -> None:
    @node
    def stranger() -> None:
        return None

    run = graph.run(document="a b", db=manager)

    with pytest.raises(NotFound, match=r'no node "stranger" in this graph\. It has: split, count, total, Shout'):
        run.outputs(stranger)


def test_states_can_be_asked_for_by_node_and_status(graph: Graph, manager: Manager) -> None:
    run = graph.run(document="a skip bad", db=manager)

    states = {(state.inputs["text"], state.status) for state in run.states(count)}
    assert states == {("a", "SUCCESS"), ("skip", "PRUNED"), ("bad", "ERRORED")}
    assert [state.data for state in run.states(status="PRUNED")] == [{"reason": "skipped"}]


def test_the_store_of_a_run_that_ended_well_is_gone(graph: Graph, manager: Manager) -> None:
    run = graph.run(document="a", db=manager)

    with pytest.raises(StoreUnavailable):
        run.store()


def test_run_works_inside_a_running_loop(graph: Graph, manager: Manager) -> None:
    async def main() -> Run:
        return graph.run(document="a b", db=manager)

    assert asyncio.run(main()).output(total) == 2


def test_arun_runs_in_the_running_loop(graph: Graph, manager: Manager) -> None:
    run = asyncio.run(graph.arun(document="a b", db=manager))

    assert run.output(total) == 2


def test_two_runs_go_on_side_by_side_in_one_loop(graph: Graph, manager: Manager) -> None:
    async def main() -> tuple[Run, Run]:
        return await asyncio.gather(graph.arun(document="a b", db=manager), graph.arun(document="a b c", db=manager))

    assert [run.output(total) for run in asyncio.run(main())] == [2, 3]


def test_a_database_may_be_a_path_a_uri_or_memory(graph: Graph, tmp_path: Path) -> None:
    path = tmp_path / "flows.db"

    first = graph.run(document="a", db=path)
    second = graph.run(document="a b", db=f"sqlite:///{path}")
    third = graph.run(document="a b c", db=":memory:")

    assert [len(run.manager.runs().items) for run in (first, second, third)] == [2, 2, 1]


def test_without_a_database_the_default_one_is_used(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EXOSPHERE_STATE_MANAGER_URI", raising=False)
    monkeypatch.chdir(tmp_path)

    graph.run(document="a").close()

    assert (tmp_path / ".exodsl" / "exodsl.db").is_file()


def test_a_missing_secret_is_refused_before_anything_runs(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)

    class Guarded(BaseNode):
        class Secrets(BaseModel):
            key: str

        async def execute(self) -> None:
            return None

    graph = Graph("guarded", secrets={"key": env("NO_SUCH_KEY")})
    graph.start(Guarded)

    with pytest.raises(DefinitionError, match='"NO_SUCH_KEY", which is not set'):
        graph.run(db=manager)

    assert manager.runs().items == ()
