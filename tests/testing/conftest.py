"""A small project with a workflow, and pytest as its user starts it."""

import os
from collections.abc import Callable
from functools import partial
from importlib.resources import files

import pytest

Pytest = Callable[..., pytest.RunResult]

STRICTLY = ("-W", "error", "-p", "no:cacheprovider")
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
    """Runs pytest in the project, strictly: every warning is an error."""
    return partial(project.runpytest_inprocess, *STRICTLY)


@pytest.fixture
def run_pytest_apart(project: pytest.Pytester) -> Pytest:
    """Does so in a process of its own, in which nothing was imported before."""
    return partial(project.runpytest_subprocess, *STRICTLY)
