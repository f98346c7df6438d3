"""The context of a body that a unit test calls."""

from exodsl import Context, node
from exodsl.dsl.context import Progress
from exodsl.testing import context


@node
def load(name: str, ctx: Context) -> str:
    ctx.log.debug("looking for %s", name)
    ctx.progress(1, 2, "half")
    ctx.log.info("found it")
    ctx.progress(2, 2)
    return f"{ctx.run_id}/{ctx.identifier}/{ctx.retry_count}"


def test_a_body_that_takes_a_context_is_called_with_one() -> None:
    assert load("a.txt", context("run-1", "load", retry_count=2)) == "run-1/load/2"


def test_what_the_body_told_can_be_read() -> None:
    ctx = context()

    load("a.txt", ctx)

    assert ctx.logged == ["DEBUG looking for a.txt", "INFO found it"]
    assert ctx.told == [Progress(1, 2, "half"), Progress(2, 2)]
    assert ctx.last_progress == Progress(2, 2)
