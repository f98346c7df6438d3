"""Functions that stand in for bodies, and are held to what the nodes declare."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from pydantic import BaseModel, SecretStr

from exodsl import (
    BaseNode,
    Context,
    DefinitionError,
    Graph,
    NotFound,
    Prune,
    RetryPolicy,
    collect,
    env,
    inject,
    node,
    secret,
)
from exodsl.testing import fail, run_inline


class Page(BaseModel):
    url: str
    size: int


@node
def crawl(start: str, depth: int = 2) -> list[Page]:
    raise AssertionError("the network")


@node
async def fetch(url: str, ctx: Context = inject(), key: SecretStr = secret("key")) -> Page:
    raise AssertionError("the network")


@node
def largest(sizes: list[int]) -> int:
    return max(sizes, default=0)


class Report(BaseNode):
    class Inputs(BaseModel):
        size: int

    class Outputs(BaseModel):
        text: str

    async def execute(self, inputs: Inputs) -> Outputs:
        raise AssertionError("the network")


@pytest.fixture
def graph() -> Graph:
    """Crawls pages, and reports the largest."""
    graph = Graph("pages", secrets={"key": env("PAGES_KEY")}, retry=RetryPolicy(max_retries=3))
    graph.connect(crawl, fetch, url=crawl.outputs.url)
    graph.connect(fetch, largest, sizes=collect(fetch.outputs.size)).unites(crawl)
    graph.connect(largest, Report, size=largest.outputs)
    return graph


def pages(start: str, depth: int) -> list[Page]:
    return [Page(url=f"{start}/{number}", size=number) for number in range(depth)]


def same(url: str) -> Page:
    return Page(url=url, size=len(url))


async def report(size: int) -> Report.Outputs:
    return Report.Outputs(text=f"{size} bytes")


FAKES: dict[Any, Any] = {crawl: pages, fetch: same, Report: report}


def test_fakes_run_instead_of_bodies_and_take_what_they_name(graph: Graph) -> None:
    run = run_inline(graph, start="a", depth=3, fake=FAKES)

    assert run.output(Report) == Report.Outputs(text="3 bytes")


def test_a_fake_gets_the_defaults_of_the_node(graph: Graph) -> None:
    assert len(run_inline(graph, start="a", fake=FAKES).outputs(fetch)) == 2


def test_a_secret_that_no_fake_asks_for_need_not_be_set(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DefinitionError, match="PAGES_KEY"):
        run_inline(graph, start="a", fake={**FAKES, fetch: lambda url, key: same(url)})

    monkeypatch.setenv("PAGES_KEY", "x")

    assert run_inline(graph, start="a", fake={**FAKES, fetch: lambda url, key: same(url)}).status == "SUCCESS"


def test_a_fake_may_ask_for_what_is_injected(graph: Graph) -> None:
    run = run_inline(graph, start="a", fake={**FAKES, fetch: lambda ctx: Page(url=ctx.identifier, size=0)})

    assert run.outputs(fetch)[0].url == "fetch"


def test_mocks_get_all_inputs_by_name(graph: Graph) -> None:
    fetched, reported = Mock(side_effect=same), AsyncMock(return_value=Report.Outputs(text="x"))

    run_inline(graph, start="a", depth=1, fake={**FAKES, fetch: fetched, Report: reported})

    fetched.assert_called_once_with(url="a/0")
    reported.assert_awaited_once_with(size=3)


def test_another_node_can_stand_in(graph: Graph) -> None:
    run = run_inline(graph, start="a", fake={**FAKES, crawl: one_page})

    assert run.outputs(crawl) == [Page(url="a", size=1)]


@node
def one_page(start: str) -> list[Page]:
    return [Page(url=start, size=1)]


def test_a_fake_may_raise_signals(graph: Graph) -> None:
    def gone(url: str) -> Page:
        raise Prune("gone") if url.endswith("1") else Prune("moved")

    run = run_inline(graph, start="a", fake={**FAKES, fetch: gone})

    assert [state.data for state in run.states(fetch, status="PRUNED")] == [{"reason": "moved"}, {"reason": "gone"}]


def test_what_a_fake_gives_is_validated(graph: Graph) -> None:
    run = run_inline(graph, start="a", fake={**FAKES, crawl: lambda start: "no pages"})

    assert run.error is not None
    assert run.error.startswith('crawl: OutputInvalid: Node "crawl" declared a fanout, `list[Page]`, returned')
    assert "test_fakes.py" in run.error


@node
async def stream(upto: int) -> AsyncIterator[int]:
    for number in range(upto):
        yield number


@node
def flow(upto: int) -> Iterator[int]:
    yield from range(upto)


@node
async def gather(upto: int) -> list[int]:
    return list(range(upto))


async def coroutine(upto: int) -> list[int]:
    return [upto, upto]


async def asynchronous(upto: int) -> AsyncIterator[int]:
    yield upto
    yield upto


@pytest.mark.parametrize("faked", [stream, flow, gather], ids=str)
@pytest.mark.parametrize("fake", [lambda upto: [upto, upto], coroutine, asynchronous], ids=["sync", "async", "stream"])
def test_a_fanout_is_faked_in_whatever_way_it_is_written(faked: Any, fake: Any) -> None:
    graph = Graph("fanout")
    graph.start(faked)

    assert run_inline(graph, upto=7, fake={faked: fake}).outputs(faked) == [7, 7]


def test_one_place_of_a_node_is_faked_and_the_other_is_not() -> None:
    graph = Graph("twice")
    graph.connect(largest.named("first"), largest.named("second"), sizes=[5])

    run = run_inline(graph, sizes=[3], fake={"second": lambda sizes: 9})

    assert (run.output("first"), run.output("second")) == (3, 9)


@pytest.mark.parametrize(
    ("fakes", "said"),
    [
        ({fetch: lambda adress: None}, "asks for `adress`, which the node does not take. It takes: url, ctx, key."),
        ({fetch: lambda url, /: None}, "takes `url` only by position: inputs go by name."),
        ({fetch: Page(url="a", size=1)}, "which is no function: write a function, or `lambda: value`."),
        ({Report: Report}, "which is no function"),
        ({fetch: fail(lambda adress: None)}, "asks for `adress`"),
    ],
)
def test_a_fake_that_does_not_fit_is_refused(graph: Graph, fakes: Any, said: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        run_inline(graph, start="a", fake=fakes)

    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("fetsh", 'no node "fetsh" in graph "pages". It has: crawl, fetch, largest, Report. Did you mean "fetch"?'),
        (stream, 'no node "stream" in this graph. It has: crawl, fetch, largest, Report.'),
    ],
)
def test_a_node_that_is_not_in_the_graph_is_refused(graph: Graph, place: Any, said: str) -> None:
    with pytest.raises(NotFound) as refused:
        run_inline(graph, start="a", fake={place: lambda: None})

    assert said in str(refused.value)


def test_the_first_attempts_of_each_state_fail_and_then_the_fake_runs(graph: Graph) -> None:
    failing = fail(same, times=2, error=ConnectionError("reset"))

    run = run_inline(graph, start="a", fake={**FAKES, fetch: failing})

    assert run.status == "SUCCESS"
    assert [state.retry_count for state in run.states(fetch)] == [0, 1, 2, 0, 1, 2]
    assert {state.error.message for state in run.states(fetch, status="RETRY_CREATED") if state.error} == {"reset"}


def test_after_the_failures_the_body_itself_runs() -> None:
    graph = Graph("one")
    graph.start(largest)

    run = run_inline(graph, sizes=[1, 4], fake={largest: fail(largest, error=OSError)})

    assert (run.output(largest), len(run.states(largest))) == (4, 2)


@pytest.mark.parametrize(("options", "said"), [({"times": 0}, "fails never"), ({"error": "no"}, "cannot be raised")])
def test_a_failure_that_cannot_be_is_refused(options: Any, said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        fail(largest, **options)
