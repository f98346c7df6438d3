"""`exodsl run`: the result on stdout, everything else on stderr."""

import json
from pathlib import Path

from tests.cli.conftest import Call

TEXT = "document=Every step is kept. A crash loses nothing."


def test_the_result_goes_to_stdout_and_all_else_to_stderr(cli: Call) -> None:
    answer = cli("run", "words.py", "--input", TEXT)

    assert (answer.code, answer.out) == (0, "8\n")
    assert "counting A crash loses nothing\n" in answer.err


def test_what_a_body_writes_past_python_does_not_reach_stdout(process: Call, folder: Path) -> None:
    (folder / "loud.py").write_text(
        "import os, subprocess\nfrom exodsl import Graph, node\n\n"
        "@node\ndef loud() -> str:\n"
        "    subprocess.run(['echo', 'from a program'])\n"
        "    os.write(1, b'from the system\\n')\n"
        "    return 'the result'\n\n"
        "graph = Graph('loud')\ngraph.start(loud)\n"
    )

    answer = process("run", "loud.py")

    assert (answer.code, answer.out) == (0, "the result\n")
    assert "from a program\n" in answer.err
    assert "from the system\n" in answer.err


def test_json_is_one_document(cli: Call) -> None:
    answer = cli("run", "words.py", "--input", TEXT, "--json")

    document = json.loads(answer.out)
    assert document["status"] == "SUCCESS"
    assert document["graph"] == "word-count"
    assert document["outputs"] == {"total": [8]}
    assert document["run_id"][-8:] in answer.err


def test_a_failed_run_is_exit_code_1_and_names_node_inputs_and_traceback(cli: Call) -> None:
    answer = cli("run", "broken.py", "--input", "highest=3")

    assert (answer.code, answer.out) == (1, "")
    assert '"divide" failed first' in answer.err
    assert 'inputs: {"number": 0}' in answer.err
    assert "return 1 / number" in answer.err
    assert "ZeroDivisionError: division by zero" in answer.err


def test_a_failure_is_told_in_one_line_and_once_more_at_the_end(process: Call) -> None:
    answer = process("run", "broken.py", "--input", "highest=0")

    said = [line for line in answer.err.splitlines() if "division by zero" in line]
    assert len(said) == 2
    assert said[0].endswith("divide failed: ZeroDivisionError: division by zero")
    assert said[1].endswith(": ZeroDivisionError: division by zero")


def test_an_output_that_does_not_fit_is_told_without_what_pydantic_says(process: Call, folder: Path) -> None:
    (folder / "wrong.py").write_text(
        "from exodsl import Graph, node\n\n"
        "@node\ndef wrong() -> int:\n    return 'text'\n\n"
        "graph = Graph('wrong')\ngraph.start(wrong)\n"
    )

    failed = process("run", "wrong.py")
    shown = process("state", "1").out

    assert failed.err.count(": OutputInvalid: ") == 2
    for text in (failed.err, shown):
        assert [sign for sign in ("pydantic", "Traceback", "exodsl.errors") if sign in text] == []


def test_a_long_message_of_a_failure_is_one_short_line_while_the_run_goes_on(process: Call, folder: Path) -> None:
    (folder / "long.py").write_text(
        "from exodsl import Graph, RetryPolicy, node\n\n"
        "@node\ndef long() -> int:\n    raise ValueError('first\\n' + 'more ' * 1000)\n\n"
        "graph = Graph('long', retry=RetryPolicy(max_retries=0))\ngraph.start(long)\n"
    )

    failed = process("run", "long.py")

    logged = next(line for line in failed.err.splitlines() if "long failed" in line)
    assert "ValueError: first more more" in logged
    assert len(logged) == 300
    assert "(5,018 characters)" in failed.err


def test_a_blocked_unite_is_named_with_what_blocked_it(cli: Call, folder: Path) -> None:
    (folder / "blocked.py").write_text(
        "from exodsl import Graph, RetryPolicy, collect, node\n\n"
        "@node\ndef first() -> list[int]:\n    return [0, 1]\n\n"
        "@node\ndef divide(n: int) -> float:\n    return 1 / n\n\n"
        "@node\ndef total(found: list[float]) -> float:\n    return sum(found)\n\n"
        "graph = Graph('blocked', retry=RetryPolicy(max_retries=0))\n"
        "graph.connect(first, divide, n=first.outputs)\n"
        "graph.connect(divide, total, found=collect(divide.outputs)).unites(first)\n"
    )

    answer = cli("run", "blocked.py", "--json")

    failed = json.loads(answer.out)["failed"]["state_id"]
    assert f'"total" did not run: blocked by "divide" (state {failed})\n' in answer.err


def test_the_counts_at_the_end_are_those_of_the_states_that_are_listed(cli: Call, folder: Path) -> None:
    (folder / "again.py").write_text(
        (folder / "broken.py").read_text().replace("max_retries=0", "max_retries=1, backoff_factor=1")
    )

    ended = cli("run", "again.py", "--input", "highest=3")
    listed = cli("states", next(line.split()[1] for line in ended.err.splitlines()))

    assert ": 9 states (6 succeeded, 1 failed, 1 pruned, 1 tried again)\n" in ended.err
    assert len(listed.out.splitlines()) == 1 + 9


def test_a_failed_run_says_how_to_look_at_it(cli: Call) -> None:
    failed = cli("run", "broken.py", "--input", "highest=3", "--db", "other.db")
    command = next(line.strip() for line in failed.err.splitlines() if line.strip().startswith("exodsl states"))

    listed = cli(*command.split()[1:])

    assert listed.code == 0
    assert "ZeroDivisionError" in listed.out


def test_a_failed_run_as_json_tells_the_cause(cli: Call) -> None:
    answer = cli("run", "broken.py", "--input", "highest=3", "--json")

    document = json.loads(answer.out)
    assert (answer.code, document["status"]) == (1, "FAILED")
    assert document["outputs"] == {"divide": [1.0, 1 / 3]}
    assert document["failed"]["identifier"] == "divide"
    assert document["failed"]["error"]["message"] == "division by zero"


def test_several_outputs_and_several_last_nodes_are_told_apart(cli: Call, folder: Path) -> None:
    (folder / "ends.py").write_text(
        "from exodsl import Graph, node\n\n"
        "@node\ndef first() -> list[int]:\n    return [1, 2]\n\n"
        "@node\ndef left(n: int) -> int:\n    return n\n\n"
        "@node\ndef right(n: int) -> dict[str, int]:\n    return {'n': n}\n\n"
        "graph = Graph('ends')\n"
        "graph.connect(first, left, n=first.outputs)\ngraph.connect(first, right, n=first.outputs)\n"
    )

    answer = cli("run", "ends.py")

    assert answer.out == 'left:\n1\n2\nright:\n{\n  "n": 1\n}\n{\n  "n": 2\n}\n'


def test_a_run_without_a_result_says_so_on_stderr(cli: Call, folder: Path) -> None:
    (folder / "nothing.py").write_text(
        "from exodsl import Graph, Prune, node\n\n"
        "@node\ndef stop() -> int:\n    raise Prune('not today')\n\n"
        "graph = Graph('nothing')\ngraph.start(stop)\n"
    )

    answer = cli("run", "nothing.py")

    assert (answer.code, answer.out) == (0, "")
    assert '"stop" gave nothing: pruned there: not today.' in answer.err


def test_a_run_whose_branches_all_end_early_says_so(cli: Call, folder: Path) -> None:
    (folder / "early.py").write_text(
        "from exodsl import Graph, Prune, node\n\n"
        "@node\ndef stop() -> int:\n    raise Prune('not today')\n\n"
        "@node\ndef last(n: int) -> int:\n    return n\n\n"
        "graph = Graph('early')\ngraph.connect(stop, last, n=stop.outputs)\n"
    )

    answer = cli("run", "early.py")

    assert (answer.code, answer.out) == (0, "")
    assert '"last" gave nothing: every branch ended before.' in answer.err


def test_store_values_reach_the_run(cli: Call, folder: Path) -> None:
    (folder / "stored.py").write_text(
        "from pydantic import BaseModel\nfrom exodsl import Graph, node\n\n"
        "class Kept(BaseModel):\n    count: int\n    name: str\n\n"
        "@node\ndef tell(count: int, name: str) -> str:\n    return f'{name} {count + 1}'\n\n"
        "graph = Graph('stored', store=Kept)\n"
        "graph.start(tell, count=graph.store.count, name=graph.store.name)\n"
    )

    answer = cli("run", "stored.py", "--store", "count=41", "--store", "name=007")

    assert (answer.code, answer.out) == (0, "007 42\n")


def test_a_namespace_keeps_graphs_of_one_name_apart(cli: Call) -> None:
    cli("run", "words.py", "--input", TEXT, "--namespace", "letters")
    cli("run", "words.py", "--input", TEXT)

    listed = json.loads(cli("runs", "--namespace", "letters", "--json").out)

    assert [run["namespace"] for run in listed["items"]] == ["letters"]


def test_a_template_runs_with_the_nodes_of_a_module(cli: Call, folder: Path) -> None:
    (folder / "words.json").write_text(cli("export", "words.py", "--whole").out)

    answer = cli("run", "words.json", "--nodes", "words.py", "--input", TEXT)

    assert (answer.code, answer.out) == (0, "8\n")


def test_a_template_written_by_hand_runs(cli: Call, folder: Path) -> None:
    (folder / "nodes.py").write_text(
        "from pydantic import BaseModel\nfrom exodsl import BaseNode\n\n"
        "class Greet(BaseNode):\n"
        "    class Inputs(BaseModel):\n        name: str\n        greeting: str\n\n"
        "    class Outputs(BaseModel):\n        text: str\n\n"
        "    async def execute(self) -> Outputs:\n"
        "        return self.Outputs(text=f'{self.inputs.greeting}, {self.inputs.name}')\n"
    )
    node = {"node_name": "Greet", "identifier": "greet", "inputs": {"greeting": "Hello"}, "next_nodes": []}
    (folder / "greet.json").write_text(json.dumps({"nodes": [node]}))

    answer = cli("run", "greet.json", "--nodes", "nodes.py", "--input", "name=you")

    assert json.loads(answer.out) == {"text": "Hello, you"}
