"""Bad input: one message that names the thing and the cure, exit code 2, nothing written (semantics 12)."""

import json
import os
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Call

MODULES = {
    "raises.py": "print('loading')\nvalues = {}\nvalues['missing']\n",
    "syntax.py": "def broken(:\n",
    "quits.py": "import sys\nsys.exit(3)\n",
    "imports.py": "import no_such_module_anywhere\n",
    "empty.py": "",
    "two.py": "from exodsl import Graph\nfirst = Graph('first')\nsecond = Graph('second')\n",
    "lists.py": (
        "from pydantic import BaseModel\nfrom exodsl import Graph, node\n\n"
        "class Sizes(BaseModel):\n    width: int\n    depth: int = 0\n\n"
        "@node\ndef take(names: list[str], sizes: Sizes, note: str = '') -> int:\n    return len(names)\n\n"
        "graph = Graph('lists')\ngraph.start(take)\n"
    ),
    "stored.py": (
        "from pydantic import BaseModel\nfrom exodsl import Graph, node\n\n"
        "class Kept(BaseModel):\n    count: int = 0\n\n"
        "@node\ndef tell(count: int) -> int:\n    return count\n\n"
        "graph = Graph('stored', store=Kept)\ngraph.start(tell, count=graph.store.count)\n"
    ),
    "bare.py": "from exodsl import Graph\ngraph = Graph('bare')\n",
    "typo.py": (
        "from exodsl import Graph, node\n\n"
        "@node\ndef a(n: int) -> int:\n    return n\n\n"
        "@node\ndef b(m: int) -> int:\n    return m\n\n"
        "graph = Graph('typo')\ngraph.connect(a, b, mm=a.outputs)\n"
    ),
}

COMMANDS = {
    "run nope.py": ['no file "nope.py"'],
    "run word.py": ['Did you mean "words.py"?'],
    "run ./": ["is a folder"],
    "run no_such_module:graph": ["no_such_module"],
    "run 'not a target'": ["is no target"],
    "run words.py:grap": ['Did you mean "graph"?'],
    "run raises.py": ['"raises.py" fails when it is imported', "KeyError", "raises.py:3"],
    "run syntax.py": ['"syntax.py" cannot be read', "syntax.py:1"],
    "run quits.py": ["SystemExit", "quits.py:2"],
    "run imports.py": ["no_such_module_anywhere"],
    "run empty.py": ["defines no graph"],
    "run two.py": ["two.py:first", "two.py:second"],
    "run bare.py": ["the graph has no nodes"],
    "run typo.py -i n=1": ["E105", "typo.py:12"],
    "run words.py": ["document", "--input document=VALUE"],
    "run words.py -i documnt=x": ['Did you mean "document"?'],
    "run words.py -i document": ["Write --input name=value"],
    "run words.py -i =x": ["Write --input name=value"],
    "run words.py -i document=@gone.txt": ['"gone.txt" cannot be read'],
    "run words.py -i document=@bytes": ['"bytes" is not UTF-8'],
    "run words.py --inputs '{'": ["--inputs is no JSON"],
    "run words.py --inputs '[]'": ["must be a JSON object"],
    "run words.py --inputs '{\"document\": NaN}'": ["NaN is no JSON number"],
    "run words.py --inputs '{\"document\": 3}'": ["document"],
    "run broken.py -i highest=many": ["highest", "integer"],
    "run words.py -i document=x --store a=1": ["has no store", "--store a"],
    "run words.py -i document=a -i document=b": ['"document" is given twice', '--input document=\'["a", "b"]\''],
    "run words.py --inputs @words.py": ['the file "words.py" is no JSON', "--input NAME=@words.py"],
    "run words.py --inputs document=x": ["--inputs is no JSON", "--input document=x"],
    "run lists.py": ["--input names='[\"text\"]'", "--input sizes='{\"width\": 1}'", "--input note=VALUE (optional)"],
    "run stored.py --store 'a.b=1'": ["store key"],
    "run stored.py --store count=1 --store count=2": ['"count" is given twice'],
    "run words.py -i document=x --workers 0": ["--workers"],
    "run words.py -i document=x --namespace ''": ["--namespace"],
    "run words.py --nodes words.py": ["brings its own nodes"],
    "run broken.json --nodes words.py": ['"broken.json" is no graph template'],
    "run gone.json --nodes words.py": ['"gone.json" cannot be read'],
    "run unknown.json --nodes words.py": ['No node is called "spilt"', 'Did you mean "split"?'],
    "run unknown.json": ["--nodes file.py"],
    "run words.py -i document=x --db foo://here": ['unknown scheme "foo"'],
    "run words.py -i document=x --db words.py": ["is not a SQLite database"],
    "run words.py -i document=x --db random": ["is not a SQLite database"],
    "run words.py -i document=x --db none/x.db": ['no folder "none"'],
    "run words.py -i document=x --db .": ["is a folder"],
    "run words.py -i document=x --db other.db": ["another program"],
    "runs --db gone.db": ['no database "gone.db"'],
    "runs --status DONE": ['--status "DONE" is unknown', "SUCCESS"],
    "runs --cursor x": ["cursor"],
    "runs --limit 0": ["--limit"],
    "states 12345678": ['No run "12345678" is in .exodsl/exodsl.db'],
    "states ''": ["No run"],
    "state 999999": ['No state "999999" is in .exodsl/exodsl.db'],
    "state one": ["ID"],
    "resume 12345678": ['No run "12345678"'],
    "show 12345678": ['No run "12345678"'],
    "show nope.py": ['no file "nope.py"'],
    "export two.py": ["two.py:first"],
    "check typo.py": ["E105"],
    "init words.py": ["is a file"],
    "frobnicate": ["No such command"],
    "run": ["TARGET"],
}


@pytest.fixture
def bad(folder: Path) -> Path:
    """The working folder with everything that can be wrong."""
    for name, text in MODULES.items():
        (folder / name).write_text(text)
    (folder / "bytes").write_bytes(b"\xff\xfe\x00")
    (folder / "random").write_bytes(bytes(range(256)) * 20)
    (folder / "broken.json").write_text('{"nodes": [{"node_name": 3}')
    (folder / "unknown.json").write_text(json.dumps({"nodes": [{"node_name": "spilt", "identifier": "a"}]}))
    with closing(sqlite3.connect(folder / "other.db")) as connection, connection:
        connection.execute("CREATE TABLE something (id INTEGER)")
    connection.close()
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("line", COMMANDS)
def test_it_is_refused_with_one_message_that_names_it(cli: Call, bad: Path, line: str) -> None:
    if line.startswith(("runs --s", "runs --c", "runs --l", "state", "resume", "show 1")):
        cli("run", "words.py", "--input", "document=x")
    before = contents(bad)

    answer = cli(*shlex.split(line))

    assert (answer.code, answer.out) == (2, "")
    assert [part for part in COMMANDS[line] if part not in answer.err] == [], answer.err
    assert "Traceback" not in answer.err
    assert contents(bad).keys() == before.keys()


@pytest.mark.parametrize("size", [1, 100, 5_000])
def test_a_truncated_database_is_refused(cli: Call, folder: Path, size: int) -> None:
    cli("run", "words.py", "--input", "document=x", "--db", "cut.db")
    whole = (folder / "cut.db").read_bytes()
    (folder / "cut.db").write_bytes(whole[:size])

    answer = cli("run", "words.py", "--input", "document=x", "--db", "cut.db")

    assert answer.code == 2
    assert '"cut.db"' in answer.err
    assert (folder / "cut.db").read_bytes()[:size] == whole[:size]


def test_a_database_of_a_newer_schema_is_refused_with_both_numbers(cli: Call, folder: Path) -> None:
    cli("run", "words.py", "--input", "document=x", "--db", "newer.db")
    with closing(sqlite3.connect(folder / "newer.db")) as connection, connection:
        connection.execute("UPDATE schema_version SET version = 999")
    connection.close()

    answer = cli("runs", "--db", "newer.db")

    assert answer.code == 2
    assert "has schema 999; this exodsl reads schema" in answer.err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_database_in_a_read_only_folder_is_refused(cli: Call, folder: Path) -> None:
    (folder / "locked").mkdir(mode=0o555)

    answer = cli("run", "words.py", "--input", "document=x", "--db", "locked/x.db")

    assert answer.code == 2
    assert '"locked/x.db"' in answer.err


def test_a_run_that_is_not_there_is_missed_in_the_database_that_was_named(cli: Call) -> None:
    cli("run", "words.py", "--input", "document=x", "--db", "mine.db")

    answer = cli("states", "12345678", "--db", "mine.db")

    assert answer.err == 'No run "12345678" is in mine.db. `exodsl runs --db mine.db` lists those that are.\n'


def test_check_names_a_file_once(cli: Call) -> None:
    answer = cli("check", "nofile.py")

    assert (answer.code, answer.err) == (2, 'There is no file "nofile.py".\n')


def test_a_message_of_a_process_has_no_traceback(process: Call) -> None:
    answer = process("run", "nope.py")

    assert (answer.code, answer.out) == (2, "")
    assert answer.err == 'There is no file "nope.py". Did you mean "broken.py"?\n'
