"""Remote job: polling that holds no worker, and a branch that ends on purpose."""

from collections.abc import Callable
from types import ModuleType

from exodsl.testing import GraphSnapshot

Example = Callable[[str], ModuleType]


def test_a_job_is_asked_for_until_it_is_done(example: Example) -> None:
    job = example("remote_job")

    run = job.graph.run(query="all orders", db=":memory:")

    assert run.output(job.download) == "downloaded https://files/all-orders"
    assert list(job.asked.values()) == [3]
    assert [state.retry_count for state in run.states(job.poll)] == [0]


def test_a_cancelled_job_ends_the_branch_and_not_the_run(example: Example) -> None:
    job = example("remote_job")

    run = job.graph.run(query="nothing", db=":memory:")

    assert run.status == "SUCCESS"
    assert run.outputs(job.download) == []
    assert [state.data and state.data["reason"] for state in run.states(job.poll)] == ["cancelled upstream"]


def test_the_graph_is_the_one_that_was_reviewed(example: Example, graph_snapshot: GraphSnapshot) -> None:
    assert example("remote_job").graph == graph_snapshot
