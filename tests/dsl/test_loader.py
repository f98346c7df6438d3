"""Targets become graphs, addresses become nodes, and what cannot be loaded is one clear error."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from exodsl.dsl import Address
from exodsl.dsl.loader import graphs_in, load, load_module, load_node
from exodsl.errors import GraphInvalid, TargetError

Write = Callable[[str, str], Path]

ONE = """
from exodsl import BaseNode, Graph, node

@node
def double(x: int) -> int:
    return 2 * x

def plain(x: int) -> int:
    return x

class Act(BaseNode):
    async def execute(self) -> None: ...

twice = double.named("twice")
graph = Graph("{name}")
graph.connect(double, twice, x=double.outputs)
"""


def test_a_file_is_loaded_as_its_folder_would_import_it(write: Write) -> None:
    write("sibling.py", "WORD = 'found'")
    path = write("flow.py", "from sibling import WORD\nfrom exodsl import Graph\ngraph = Graph(WORD)")

    graph = load(str(path))

    assert graph.name == "found"
    assert sys.modules["flow"].graph is graph
    assert load(str(path)) is graph


def test_a_target_may_name_the_graph(write: Write) -> None:
    path = write("two.py", "from exodsl import Graph\na = Graph('a')\nb = Graph('b')")

    assert load(f"{path}:b").name == "b"


def test_a_module_of_a_package_may_be_a_target(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("pack/flows.py", ONE.format(name="packed"))
    monkeypatch.chdir(path.parents[1])

    assert load("pack.flows:graph").name == "packed"
    assert load("pack.flows").name == "packed"


def test_files_of_one_name_are_modules_of_their_own(write: Write) -> None:
    first, second = write("a/flow.py", ONE.format(name="a")), write("b/flow.py", ONE.format(name="b"))

    assert [load(str(first)).name, load(str(second)).name] == ["a", "b"]


def test_a_file_called_like_a_module_of_python_is_loaded_all_the_same(write: Write) -> None:
    path = write("sys.py", ONE.format(name="mine"))

    assert load(str(path)).name == "mine"
    assert sys.modules["sys"] is sys


def test_a_module_is_never_main(write: Write) -> None:
    path = write("guarded.py", ONE.format(name="g") + "\nif __name__ == '__main__':\n    raise SystemExit(3)")

    assert load(str(path)).name == "g"


def test_imported_graphs_count_only_where_there_is_no_own(write: Write) -> None:
    write("base.py", ONE.format(name="base"))
    own = write("own.py", "from base import graph as theirs\nfrom exodsl import Graph\ngraph = Graph('own')")
    none = write("none.py", "from base import graph as theirs")

    assert [load(str(own)).name, load(str(none)).name] == ["own", "base"]


def test_one_graph_under_two_names_is_one(write: Write) -> None:
    path = write("alias.py", ONE.format(name="one") + "\nsame = graph")

    assert list(graphs_in(load_module(str(path)))) == ["graph"]


def test_nodes_are_found_again_by_their_address(write: Write) -> None:
    path = write("nodes.py", ONE.format(name="nodes"))
    graph = load(str(path))
    double = graph.nodes[0]

    assert double.body.address == Address(str(path), "double")
    assert load_node(Address(str(path), "double")).body.same_code(double.body)
    assert [load_node(Address(str(path), name)).node_name for name in ("Act", "plain")] == ["Act", "plain"]


def test_a_node_inside_a_function_has_no_address() -> None:
    from exodsl import node

    @node
    def local(x: int) -> int:
        return x

    assert local.body.address is None


def test_an_address_without_a_node_is_refused(write: Write) -> None:
    path = write("nodes.py", ONE.format(name="nodes"))

    with pytest.raises(TargetError, match=r'No node is at ".*nodes.py:gone"'):
        load_node(Address(str(path), "gone"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "x = 1\ny = 1 / 0\n",
            r"fails when it is imported: ZeroDivisionError: division by zero \(.*wrong.py:2\)",
        ),
        ("def f(:\n", r"cannot be read: invalid syntax\. \(.*wrong.py:1\)"),
        ("import no_such_module_at_all\n", r"ModuleNotFoundError: No module named .* \(.*wrong.py:1\)"),
        ("import sys\nsys.exit(4)\n", r"SystemExit: 4 \(.*wrong.py:2\)"),
        ("x = 1\n", "defines no graph"),
        (
            "from exodsl import Graph\na, b = Graph('a'), Graph('b')",
            "defines 2 graphs. Name one: .*:a, .*:b",
        ),
    ],
)
def test_a_module_that_gives_no_graph_is_refused(write: Write, text: str, said: str) -> None:
    path = write("wrong.py", text)

    with pytest.raises(TargetError, match=said):
        load(str(path))
    assert "wrong" not in sys.modules or "graph" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "double.outputs.strip()",
            (
                "E150 {place}  `.strip()` on `${{{{ double.outputs.result }}}}` while declaring. Do it inside a node:"
                " pass `double.outputs` on, and use `value.strip()` in its body."
            ),
        ),
        (
            "node(lambda: 1)",
            "{place}  A lambda has no name or types to make a node of: write a function.",
        ),
        (
            "RetryPolicy(max_retry=1)",
            (
                "{place}  RetryPolicy(max_retry=1): takes max_retries, strategy, backoff_factor, exponent, max_delay,"
                ' retry_on, give_up_on. Did you mean "max_retries"?'
            ),
        ),
        (
            "graph.run(double, x=1)",
            '{place}  Graph "wrong" takes its inputs by name. Write `graph.run(x=<node double>)`.',
        ),
    ],
)
def test_what_exodsl_refuses_in_a_module_is_said_once_with_its_place(write: Write, text: str, said: str) -> None:
    path = write("wrong.py", f"{ONE.format(name='wrong')}\nfrom exodsl import RetryPolicy\n{text}\n")

    with pytest.raises(TargetError) as caught:
        load(str(path))

    assert str(caught.value) == said.format(place=f"{path}:{len(path.read_text('utf-8').splitlines())}")


def test_a_node_that_is_refused_has_its_code_and_place_in_front(write: Write) -> None:
    path = write("wrong.py", "from exodsl import node\n\n@node\ndef f(x): ...\n")

    with pytest.raises(TargetError) as caught:
        load(str(path))

    assert str(caught.value).startswith(
        f"E145 {path}:3  Node `f` cannot be understood: parameter `x` has no annotation"
    )
    assert str(caught.value).count("wrong.py") == 1


def test_a_graph_that_a_module_compiles_itself_keeps_its_findings(write: Write) -> None:
    path = write("wrong.py", "from exodsl import Graph\nGraph('empty').compile()\n")

    with pytest.raises(GraphInvalid) as caught:
        load(str(path))

    assert [one.code for one in caught.value.findings] == ["E121"]


def test_a_failing_line_in_a_sibling_is_named(write: Write) -> None:
    write("helping.py", "\n\nraise ValueError('late')")
    path = write("asking.py", "import helping")

    with pytest.raises(TargetError, match=r"ValueError: late \(.*helping.py:3\)"):
        load(str(path))


def test_unknown_targets_are_refused_with_the_nearest(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("words.py", ONE.format(name="words"))
    monkeypatch.chdir(path.parent)

    for target, said in {
        "wrods.py": 'no file "wrods.py". Did you mean "words.py"',
        "words.py:grph": '"grph" of "words.py:grph" is not there. It has: graph. Did you mean "graph"',
        "words.py:double": "is a Node, no graph",
        "no_such_module_at_all": 'No module is called "no_such_module_at_all"',
        "no such": "is no target",
        ".": "is no target",
        "./": "is a folder",
        "": "is no target",
    }.items():
        with pytest.raises(TargetError, match=said):
            load(target)
