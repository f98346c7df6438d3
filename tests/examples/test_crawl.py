"""Crawl: one node in two places, and a counter in the store."""

from collections.abc import Callable
from types import ModuleType

from exodsl.testing import GraphSnapshot

Example = Callable[[str], ModuleType]


def test_pages_are_cleaned_and_counted(example: Example) -> None:
    crawl = example("crawl")

    run = crawl.graph.run(db=":memory:")

    assert run.output(crawl.publish).splitlines() == [
        "title of https://site/first: <p>The first page.</p>",
        "title of https://site/second: <p>The second page.</p>",
        "title of https://site/third: <p>The third page.</p>",
        "3 pages seen",
    ]


def test_a_cursor_in_the_store_skips_pages(example: Example) -> None:
    crawl = example("crawl")

    run = crawl.graph.run(store={"cursor": 2}, db=":memory:")

    assert run.outputs(crawl.clean_title) == ["title of https://site/third"]
    assert run.output(crawl.publish).endswith("1 pages seen")


def test_the_graph_is_the_one_that_was_reviewed(example: Example, graph_snapshot: GraphSnapshot) -> None:
    assert example("crawl").graph == graph_snapshot
