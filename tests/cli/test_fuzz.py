"""Whatever stands on a command line or in a template file, nobody gets a traceback (semantics 12)."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli.conftest import Call

FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

WORDS = st.sampled_from(
    ["run", "resume", "runs", "states", "state", "check", "show", "export", "words.py", "broken.py", "words.py:graph",
     "template.json", "--input", "--inputs", "--store", "--nodes", "--db", "--json", "--status", "--limit", "--cursor",
     "--format", "document=x", "highest=1", "{}", "12345678", "1", "x.db", ":memory:", "sqlite:///x.db", "@words.py"]
)  # fmt: skip
ANY_WORD = st.text(st.characters(codec="utf-8"), max_size=12).filter(lambda word: word != "@-")
LINES = st.lists(WORDS | ANY_WORD, max_size=7).filter(lambda words: "@-" not in " ".join(words))

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["split", "count_words", "total", "numbers", "divide", "a", "", "a.b", "inputs"]) | st.text(
    max_size=5
)
VALUES = st.sampled_from(["${{ split.outputs.text }}", "${{ a.outputs }}", "${{", "${{ inputs.x }}"]) | JSON
NODES = st.fixed_dictionaries(
    {"node_name": NAMES, "identifier": NAMES},
    optional={
        "inputs": st.dictionaries(NAMES, VALUES, max_size=2) | JSON,
        "next_nodes": st.lists(NAMES, max_size=3) | JSON,
        "unites": st.fixed_dictionaries({"identifier": NAMES}) | JSON,
        "timeout_ms": JSON,
        "inputs_schema": JSON,
    },
)
TEMPLATES = st.fixed_dictionaries(
    {"nodes": st.lists(NODES, max_size=4) | JSON},
    optional={"secrets": JSON, "store_config": JSON, "retry_policy": JSON, "inputs_schema": JSON, "extra": JSON},
)


@pytest.fixture
def quiet(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder; hypothesis calls the same command line many times in it."""
    (folder / "template.json").write_text("{}")
    return folder


@FUZZ
@given(words=LINES)
def test_no_command_line_gives_a_traceback(cli: Call, quiet: Path, words: list[str]) -> None:
    answer = cli(*words)  # what is no refusal would be raised here

    assert answer.code in (0, 1, 2)
    assert "Traceback" not in answer.err.replace("  Traceback", "")


@FUZZ
@given(template=TEMPLATES | JSON)
def test_no_template_gives_a_traceback(cli: Call, quiet: Path, template: Any) -> None:
    (quiet / "template.json").write_text(json.dumps(template))

    answers = [cli("check", "template.json"), cli("run", "template.json", "--nodes", "words.py", "--db", ":memory:")]

    assert all(answer.code in (0, 1, 2) for answer in answers)
