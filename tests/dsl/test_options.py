"""Options of nodes and graphs are judged where they are written."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from exodsl import Graph, RetryPolicy, node
from exodsl.errors import DefinitionError

untyped: Any = node
graph: Any = Graph


def act() -> None:
    return None


NODE = node(act)
RETRY = r"retry=3: takes a RetryPolicy, write retry=RetryPolicy\(max_retries=3\)\."
WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "retry of a node": (lambda: untyped(retry=3), RETRY),
    "retry of a copy": (lambda: NODE.options(retry=3), RETRY),  # type: ignore[arg-type]
    "retry of a graph": (lambda: graph("a", retry=3), RETRY),
    "retry as a text": (lambda: untyped(retry="often"), r"retry='often': takes a RetryPolicy, .*max_retries=3"),
    "timeout": (lambda: untyped(timeout=5), r"timeout=5: takes a timedelta, write timeout=timedelta\(seconds=5\)\."),
    "timeout as a text": (lambda: untyped(timeout="0.5"), r"timeout='0\.5': .*timedelta\(seconds=0\.5\)\."),
    "timeout of a copy": (lambda: NODE.options(timeout=True), r"timeout=True: .*timedelta\(seconds=30\)\."),  # type: ignore[arg-type]
    "no time": (lambda: untyped(timeout=timedelta()), r"at least a millisecond"),
    "unknown": (
        lambda: untyped(retries=3),
        r'@node takes name, retry, timeout, executor, not retries\. Did you mean "retry"\?',
    ),
    "name": (lambda: untyped(name=""), r"name='': takes a text that is not empty\."),
    "executor": (lambda: untyped(executor=5), r"executor=5: takes a text that is not empty\."),
    "a name in the function's place": (lambda: untyped("act"), r'`@node\(name="act"\)`'),
    "name of a graph": (lambda: graph(5), r"A graph needs a name: a text that is not empty, not 5\."),
}


@pytest.mark.parametrize(("write", "said"), WRONG.values(), ids=WRONG.keys())
def test_an_option_that_cannot_be_meant_is_refused_with_its_cure(write: Callable[[], object], said: str) -> None:
    with pytest.raises(DefinitionError, match=rf"{said}.* \(.*test_options\.py:\d+\)$"):
        write()


def test_what_can_be_meant_is_kept() -> None:
    policy = RetryPolicy(max_retries=1)
    made = untyped(retry=policy, timeout=timedelta(seconds=1), executor="thread")(act)

    assert (made.body.retry, made.body.timeout, made.body.executor) == (policy, timedelta(seconds=1), "thread")
