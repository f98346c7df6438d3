"""A small project with a workflow, and pytest as its user starts it: in a process of its own."""

import os
from collections.abc import Callable
from importlib.resources import files

import pytest

Pytest = Callable[..., pytest.RunResult]

INI = """
[pytest]
asyncio_default_fixture_loop_scope = function
"""
WORDS = (files("exodsl.cli") / "project" / "words.py.txt").read_text("utf-8")
REWIRED = WORDS.replace("connect(split, count_words)", 'connect(split, count_words, text=f"so {split.outputs.text}")')


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with the workflow `words.py`; what starts there is no worker of the session that we are in."""
    for name in [name for name in os.environ if name.startswith("PYTEST_XDIST_")]:
        monkeypatch.delenv(name)
    pytester.makeini(INI)
    pytester.makepyfile(words=WORDS)
    return pytester


@pytest.fixture
def run_pytest(project: pytest.Pytester) -> Pytest:
    """Starts pytest in the project, strictly: every warning is an error."""

    def run(*words: str) -> pytest.RunResult:
        return project.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider", *words)

    return run
