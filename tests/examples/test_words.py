"""Words: a fanout, and a unite that adds up."""

from collections.abc import Callable
from types import ModuleType

from exodsl.testing import GraphSnapshot

Example = Callable[[str], ModuleType]


def test_the_words_of_all_parts_add_up(example: Example) -> None:
    words = example("words")

    run = words.graph.run(document="one two\n\nthree\n\nfour five six", db=":memory:")

    assert run.outputs(words.count_words) == [2, 1, 3]
    assert run.output(words.total) == 6


def test_a_node_is_a_function(example: Example) -> None:
    words = example("words")

    assert words.count_words("a b c") == 3
    assert [part.number for part in words.split("x\n\ny")] == [0, 1]


def test_the_graph_is_the_one_that_was_reviewed(example: Example, graph_snapshot: GraphSnapshot) -> None:
    assert example("words").graph == graph_snapshot
