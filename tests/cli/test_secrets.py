"""`exodsl secrets`: values come in by stdin, and go out nowhere (semantics 8)."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from exodsl.manager.sealing import KEY_VARIABLE, new_key
from tests.cli.conftest import Call, read_all

WORKFLOW = """
from pydantic import SecretStr
from exodsl import Graph, env, node, secret, stored


@node
def ask(question: str, key: SecretStr = secret("llm_key")) -> int:
    return len(key.get_secret_value())


graph = Graph("research", secrets={"llm_key": stored(), "mail_key": env("MAIL_KEY")})
graph.start(ask)
"""
NODES = """
from pydantic import SecretStr
from exodsl import node, secret


@node
def ask(question: str, key: SecretStr = secret("llm_key")) -> int:
    return len(key.get_secret_value())
"""
TEMPLATE = {"name": "by-hand", "nodes": [{"node_name": "ask", "identifier": "ask"}]}
RUN = ("run", "research.py", "--input", "question=why")
RUN_TEMPLATE = ("run", "by_hand.json", "--nodes", "nodes.py", "--input", "question=why")


@pytest.fixture(autouse=True)
def key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The key of the tests' secrets; `research.py` needs one that is stored."""
    text = new_key()
    monkeypatch.setenv(KEY_VARIABLE, text)
    (folder / "research.py").write_text(WORKFLOW)
    (folder / "nodes.py").write_text(NODES)
    return text


def template(folder: Path, source: object) -> None:
    """Write a template whose secret has this source."""
    (folder / "by_hand.json").write_text(json.dumps({**TEMPLATE, "secrets": {"llm_key": source}}))


def key_ids(cli: Call) -> list[str | None]:
    """Return which keys open the secrets that are listed."""
    return [item["key_id"] for item in json.loads(cli("secrets", "list", "--json").out)["items"]]


def test_a_run_says_how_to_store_a_secret_and_then_has_it(cli: Call) -> None:
    refused = cli(*RUN)
    command = refused.err.rpartition("Store one: exodsl ")[2].split()
    stored = cli(*command, stdin="hunter2\n")
    done = cli(*RUN)

    assert (refused.code, stored.code, done.code) == (2, 0, 0)
    assert (stored.out, stored.err) == ('secret "llm_key" of graph "research" is stored\n', "")
    assert done.out == "7\n"


def test_only_one_line_end_is_left_out(cli: Call) -> None:
    cli(*RUN)
    cli("secrets", "set", "research", "llm_key", stdin="-----BEGIN-----\nabc\n\n")

    assert cli(*RUN).out == f"{len('-----BEGIN-----|abc|')}\n"


def test_a_value_is_asked_for_on_a_terminal_and_not_shown(
    cli: Call, start: Callable[..., "subprocess.Popen[str]"]
) -> None:
    cli(*RUN)
    terminal, theirs = pty.openpty()
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
    with start("secrets", "set", "research", "llm_key", start_new_session=True, **streams) as process:
        os.close(theirs)
        asked = b""
        while b'of graph "research"' not in asked:
            asked += os.read(terminal, 65536)
        os.write(terminal, b"hunter2\n")
        told = asked.decode() + read_all(terminal)
    os.close(terminal)

    assert (process.returncode, "is stored" in told, "hunter2" in told) == (0, True, False)
    assert cli(*RUN).out == "7\n"


def test_a_list_has_names_and_sources_and_no_values(cli: Call) -> None:
    cli(*RUN)
    empty = cli("secrets", "list")
    cli("secrets", "set", "research", "llm_key", stdin="hunter2")
    (key_id, _) = key_ids(cli)
    filled = cli("secrets", "list", "research")

    assert empty.out.splitlines()[1:] == [
        "research  llm_key   -    no value yet",
        "research  mail_key  -    the environment variable MAIL_KEY",
    ]
    assert filled.out.splitlines()[1:] == [
        f"research  llm_key   {key_id}  stored",
        "research  mail_key  -         the environment variable MAIL_KEY",
    ]


def test_nothing_listed_is_said(cli: Call) -> None:
    cli(*RUN)

    assert cli("secrets", "list", "nobody").err == "no secrets that fit\n"


def test_a_rotation_makes_the_old_key_dispensable(cli: Call, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    cli(*RUN)
    cli("secrets", "set", "research", "llm_key", stdin="hunter2")
    new = cli("secrets", "key").out.strip()
    monkeypatch.setenv(KEY_VARIABLE, f"{new},{key}")
    rotated = json.loads(cli("secrets", "rotate", "--json").out)
    again = cli("secrets", "rotate")
    monkeypatch.setenv(KEY_VARIABLE, new)

    assert (rotated["sealed"], rotated["kept"]) == (1, 0)
    assert again.out == f"sealed anew with key {rotated['key_id']}: 0; sealed with it before: 1\n"
    assert key_ids(cli) == [rotated["key_id"], None]
    assert cli(*RUN).code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("set research llm_kye", 'Did you mean "llm_key"?'),
        ("set research mail_key", 'environment variable "MAIL_KEY"'),
        ("set reserch llm_key", 'Did you mean "research"?'),
        ("set research llm_key --namespace other", 'namespace "other"'),
        ("set research llm_key --db none.db", 'There is no database "none.db"'),
    ],
)
def test_what_cannot_be_stored_is_refused(cli: Call, words: str, told: str) -> None:
    cli(*RUN)
    answer = cli("secrets", *words.split(), stdin="hunter2")

    assert answer.code == 2
    assert told in answer.err
    assert "hunter2" not in answer.err


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_value_is_refused(cli: Call, text: str) -> None:
    cli(*RUN)
    answer = cli("secrets", "set", "research", "llm_key", stdin=text)

    assert (answer.code, "the text is empty" in answer.err) == (2, True)


@pytest.mark.parametrize(("text", "told"), [("", "is not set"), ("nonsense", "SECRETS_ENCRYPTION_KEY")])
def test_a_wrong_or_missing_key_is_refused(cli: Call, monkeypatch: pytest.MonkeyPatch, text: str, told: str) -> None:
    cli(*RUN)
    cli("secrets", "set", "research", "llm_key", stdin="hunter2")
    monkeypatch.setenv(KEY_VARIABLE, text)
    answers = [cli(*RUN), cli("trigger", "research", "--input", "question=why"), cli("secrets", "rotate")]

    assert [(answer.code, told in answer.err) for answer in answers] == [(2, True)] * 3
    assert json.loads(cli("runs", "--json").out)["items"] == []


def test_without_the_library_the_exit_code_says_so(cli: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    cli(*RUN)
    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    monkeypatch.setenv(KEY_VARIABLE, new_key())
    answer = cli("secrets", "set", "research", "llm_key", stdin="hunter2")

    assert (answer.code, 'pip install "exodsl[secrets]"' in answer.err) == (3, True)


def test_a_value_in_a_template_is_stored_as_exosphere_does_it(cli: Call, folder: Path) -> None:
    template(folder, "hunter2")
    first = cli(*RUN_TEMPLATE)
    template(folder, True)
    second = cli(*RUN_TEMPLATE)

    assert (first.out, second.out) == ("7\n", "7\n")
    assert b"hunter2" not in b"".join(path.read_bytes() for path in (folder / ".exodsl").iterdir())


def test_a_template_is_triggered_with_the_value_in_it(cli: Call, folder: Path) -> None:
    template(folder, "hunter2")
    document = json.loads((folder / "by_hand.json").read_text())
    document["nodes"][0]["secrets"] = ["llm_key"]
    (folder / "by_hand.json").write_text(json.dumps(document))

    assert cli("trigger", "by_hand.json", "--input", "question=why").code == 0


@pytest.mark.parametrize("whole", [("--whole",), ()])
def test_an_exported_workflow_runs_when_its_secret_is_stored(cli: Call, folder: Path, whole: tuple[str, ...]) -> None:
    (folder / "research.py").write_text(WORKFLOW.replace("stored()", '"hunter2"'))
    exported = cli("export", "research.py", *whole)
    (folder / "by_hand.json").write_text(exported.out)
    refused = cli(*RUN_TEMPLATE)
    name = "research" if whole else "by_hand"
    cli("secrets", "set", name, "llm_key", stdin="hunter3!")

    assert "hunter2" not in exported.out + exported.err
    assert (refused.code, f"exodsl secrets set {name} llm_key" in refused.err) == (2, True)
    assert cli(*RUN_TEMPLATE).out == "8\n"
