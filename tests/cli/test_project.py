"""`exodsl check`, `show`, `export` and `init`: everything around a run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Call

TYPO = """
from exodsl import Graph, node


@node
def first(text: str) -> int:
    return len(text)


@node
def second(text: str) -> str:
    return text


graph = Graph("typo")
graph.connect(first, second, text=first.outputs)
"""


def test_check_says_what_is_fine(cli: Call) -> None:
    answer = cli("check", "words.py", "broken.py")

    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        'words.py: graph "word-count" with 3 nodes is fine',
        'broken.py: graph "divide" with 2 nodes is fine',
    ]


def test_check_goes_on_behind_a_target_that_is_not_fine(cli: Call, folder: Path) -> None:
    (folder / "typo.py").write_text(TYPO)

    answer = cli("check", "typo.py", "nope.py", "words.py")

    assert answer.code == 2
    assert "E102 typo.py:16" in answer.err
    assert 'There is no file "nope.py"' in answer.err
    assert answer.out == 'words.py: graph "word-count" with 3 nodes is fine\n'


def test_check_as_json_gives_each_finding(cli: Call, folder: Path) -> None:
    (folder / "typo.py").write_text(TYPO)

    found = json.loads(cli("check", "typo.py", "--json").out)

    assert [finding["code"] for finding in found[0]["findings"]] == ["E102"]
    assert found[0]["findings"][0]["place"] == "typo.py:16"


def test_show_draws_a_row_for_each_node(cli: Call) -> None:
    drawn = cli("show", "words.py").out

    assert [sum(name in line for line in drawn.splitlines()) for name in ("count_words", "total")] == [1, 1]


@pytest.mark.parametrize(("form", "sign"), [("mermaid", "flowchart TD"), ("dot", "digraph"), ("json", '"edges"')])
def test_show_knows_other_forms(cli: Call, form: str, sign: str) -> None:
    assert sign in cli("show", "words.py", "--format", form).out


def test_show_draws_a_run_with_its_counts(cli: Call) -> None:
    run_id = json.loads(cli("run", "broken.py", "--input", "highest=3", "--json").out)["run_id"]

    drawn = cli("show", run_id[-8:]).out

    assert "4/4" in next(line for line in drawn.splitlines()[1:] if "divide" in line)


def test_show_draws_in_ascii(cli: Call) -> None:
    assert cli("show", "words.py", "--ascii").out.isascii()


TRAVELS = (
    "the graph: orders.most, orders.result, ship.result: no text, so the value travels as JSON text, which the nodes of"
    " `exodsl.exosphere.runtime` read and write."
)
ORDERS = """
from exodsl import Context, Graph, env, inject, node

@node
def orders(day: str, most: int = 3) -> list[int]: return list(range(most))

@node
def ship(result: int{ctx}) -> str: return str(result)

graph = Graph("orders", secrets={{"key": env("KEY")}})
graph.connect(orders, ship)
"""


def test_export_writes_what_exosphere_takes_and_says_what_to_fill_in(cli: Call, folder: Path) -> None:
    (folder / "orders.py").write_text(ORDERS.format(ctx=""))
    answer = cli("export", "orders.py")

    assert answer.code == 0
    assert [node["inputs"] for node in json.loads(answer.out)["nodes"]] == [
        {"day": "", "most": "3"},
        {"result": "${{ orders.outputs.result }}"},
    ]
    assert [line.partition(" is ")[0] for line in answer.err.splitlines()] == [
        'the graph: secret "key"',
        TRAVELS,
        'orders: input "day"',
    ]


def test_export_refuses_a_graph_that_exosphere_would_run_otherwise(cli: Call) -> None:
    answer = cli("export", "words.py")

    assert (answer.code, answer.out) == (2, "")
    head, *misfits = answer.err.splitlines()
    assert head == 'Graph "word-count" uses 2 things that Exosphere has not:'
    assert [misfit[:28] for misfit in misfits] == ["  total: it unites `split`, ", '  total: input "counts" read']


def test_export_names_what_a_body_asks_for_and_exosphere_has_not(cli: Call, folder: Path) -> None:
    (folder / "orders.py").write_text(ORDERS.format(ctx=", ctx: Context = inject()"))
    answer = cli("export", "orders.py")

    assert (answer.code, "  ship: `ctx` is a `Context`; Exosphere tells a node nothing" in answer.err) == (2, True)
    assert "orders.py:" in answer.err


def test_a_whole_export_loses_nothing(cli: Call, folder: Path) -> None:
    (folder / "words.json").write_text(cli("export", "words.py", "--whole").out)

    again = cli("export", "words.json", "--whole")

    assert again.out == (folder / "words.json").read_text()


def test_init_writes_a_project_that_runs_and_passes_its_test(
    cli: Call, folder: Path, environment: dict[str, str]
) -> None:
    made = cli("init", "project")

    ran = cli("run", "project/words.py", "--input", "document=One sentence. And one more.")
    command = [sys.executable, "-m", "pytest", "-q"]
    tested = subprocess.run(command, cwd=folder / "project", env=environment, capture_output=True, text=True)

    assert (made.code, ran.code, ran.out) == (0, 0, "5\n")
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_init_overwrites_nothing(cli: Call, folder: Path) -> None:
    cli("init", "project")
    (folder / "project" / "words.py").write_text("mine")

    answer = cli("init", "project")

    assert answer.code == 2
    assert (folder / "project" / "words.py").read_text() == "mine"
