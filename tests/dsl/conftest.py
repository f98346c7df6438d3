"""What tests of the DSL share: ways to run a body, to write a module, and to compile with findings."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from exodsl import Context, Graph
from exodsl.dsl import Injected, Node, StoreSession
from exodsl.errors import GraphInvalid
from exodsl.template.findings import Finding

Run = Callable[..., list[Any]]


@pytest.fixture
def injected() -> Injected:
    """What a runtime hands over: a context, a store that holds a cursor, one secret."""
    return Injected(Context("run-1", "here", 2, "key-1"), StoreSession(lambda: {"cursor": 3}), {"llm_key": "s3cret"})


@pytest.fixture
def run(injected: Injected) -> Run:
    """Run a node's body with inputs, and return its outputs."""

    def run(node: Node[..., Any, Any], **inputs: Any) -> list[Any]:
        text = json.dumps(inputs)
        if node.body.style == "async":
            outputs = asyncio.run(node.body.arun(text, injected))
        else:
            outputs = node.body.run(text, injected)
        return [json.loads(output) for output in outputs]

    return run


@pytest.fixture
def findings() -> Callable[[Graph[Any, Any]], list[Finding]]:
    """Compile a graph that is wrong, and return what was found."""

    def findings(graph: Graph[Any, Any]) -> list[Finding]:
        with pytest.raises(GraphInvalid) as caught:
            graph.compile()
        return [finding for finding in caught.value.findings if isinstance(finding, Finding)]

    return findings


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Callable[[str, str], Path]]:
    """Write a module; it is forgotten after the test, and so is its folder."""
    modules, folders = dict(sys.modules), list(sys.path)

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), "utf-8")
        return path

    yield write
    sys.path[:] = folders
    for name in sys.modules.keys() - modules.keys():
        del sys.modules[name]
