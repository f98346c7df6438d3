"""From a TARGET on the command line to a workflow: its template, and the bodies of its nodes."""

from __future__ import annotations

import sys
from collections.abc import Collection, Generator, Iterable, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, ValidationError
from pydantic_core import from_json, to_json

from exodsl.api.inputs import run_inputs, store_values
from exodsl.api.running import check_graph
from exodsl.cli.usage import usage
from exodsl.cli.values import read_text
from exodsl.dsl.base_node import is_node_class
from exodsl.dsl.codecs import reasons
from exodsl.dsl.describing import described
from exodsl.dsl.graph import Graph
from exodsl.dsl.loader import graphs_in, load, load_module
from exodsl.dsl.nodes import AnyNode, Node, class_node
from exodsl.errors import InputInvalid, TargetError, did_you_mean
from exodsl.manager.protocol import Trigger
from exodsl.manager.starting import InputCheck, initial_store
from exodsl.runtime.served import bodies_by_name, check_template, graph_bodies
from exodsl.template.check_executors import EXECUTORS
from exodsl.template.checks import ensure_valid
from exodsl.template.models import GraphTemplate
from exodsl.template.placeholders import references
from exodsl.template.secrets import values_in
from exodsl.template.shape import Shape

if TYPE_CHECKING:
    from exodsl.dsl.body import Body
    from exodsl.manager.views import RunView

Bodies = Mapping[str, "Body"]
AnyGraph = Graph[Any, Any]


@dataclass(frozen=True)
class Workflow:
    """A workflow that can be run.

    :param bodies: of its nodes, by name; none where it is only triggered.
    :param address: where a resume in another process, and another folder, finds the nodes again, if that is known.
    :param graph: as it is written in Python; a JSON template has none.
    :param secrets: values that are stored with the template.
    """

    template: GraphTemplate
    bodies: Bodies
    address: str | None
    graph: AnyGraph | None = None
    secrets: Mapping[str, SecretStr] = field(default_factory=dict)

    @property
    def inputs_schema(self) -> Mapping[str, Any] | None:
        """What the run's inputs are, as far as that is known."""
        root = self.template.node(Shape(self.template).root)
        return self.template.inputs_schema or root.inputs_schema

    @property
    def store_schema(self) -> Mapping[str, Any] | None:
        """What the store holds, as far as that is known."""
        model = None if self.graph is None else self.graph.store_model
        return None if model is None else model.model_json_schema()

    def trigger(self, inputs: dict[str, Any], store: dict[str, Any]) -> Trigger:
        """Return what starts a run of it; :raises InputInvalid: when inputs or store values do not fit."""
        try:
            given, judged = self._inputs(inputs)
            stored = self._store(store)
        except InputInvalid as error:
            takes = usage(self.inputs_schema, self.template.store_config.required_keys)
            raise InputInvalid(f"{error}\n{takes}") from error
        namespace, name = self.template.namespace, self.template.name
        return Trigger(namespace, name, given, stored, target=self.address, validated=judged)

    def _inputs(self, inputs: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """Return the inputs as a run takes them, and whether a model has judged all of them."""
        judged = False
        if self.graph is not None:
            inputs, judged = run_inputs(self.graph, inputs, {})
        if not judged:
            InputCheck(self.template).check(inputs)
        if self.graph is None:
            self._let_root_judge(inputs)
        return inputs, judged

    def _store(self, store: dict[str, Any]) -> dict[str, Any]:
        if store and not self._has_store():
            keys = ", ".join(store)
            raise InputInvalid(f'Graph "{self.template.name}" has no store, so it cannot take --store {keys}.')
        if self.graph is not None:
            store = store_values(self.graph, store)
        return initial_store(self.template, store)

    def _has_store(self) -> bool:
        """Say whether something reads or writes a store, as far as that can be known."""
        config = self.template.store_config
        if self.graph is not None or config.required_keys or config.default_values:
            return self.graph is None or self.graph.store_model is not None
        values = [value for node in self.template.nodes for value in node.inputs.values()]
        read = any(found.kind == "store" for value in values for found in references(value))
        return read or not self.bodies or any(body.code.signature.stores for body in self.bodies.values())

    def _let_root_judge(self, inputs: dict[str, Any]) -> None:
        root = self.template.node(Shape(self.template).root)
        body = self.bodies.get(root.node_name)
        if body is not None and not any(references(value) for value in root.inputs.values()):
            body.code.inputs.load(to_json({**root.inputs, **inputs}).decode())

    def check(self, executors: Collection[str] | None = EXECUTORS) -> None:
        """Refuse what the template asks of its nodes and cannot be given.

        :param executors: the names of those that there are; `None` where the runtime looks at them itself.
        :raises TargetError: when a node is not there.
        :raises DefinitionError: when a secret is missing, or an executor is not there or cannot run a node.
        """
        known = self.bodies.keys()
        for node in self.template.nodes:
            if node.node_name not in known:
                raise TargetError(
                    f'No node is called "{node.node_name}". There is: {", ".join(sorted(known)) or "none"}.'
                    f"{did_you_mean(node.node_name, known)}"
                )
        check_template(self.template, self.bodies, executors=executors)


@contextmanager
def _loading() -> Generator[None]:
    """Let what a module prints while it is imported go to stderr: stdout is for results."""
    with redirect_stdout(sys.stderr):
        yield


@_loading()
def workflow_of(target: str, nodes: str | None = None, namespace: str | None = None) -> Workflow:
    """Load a workflow, check it, and find the bodies of its nodes.

    :param nodes: the module that holds the nodes of a JSON template.
    :param namespace: stands in for the one that the workflow names.
    :raises TargetError: when it cannot be loaded.
    :raises GraphInvalid: when it does not pass its checks.
    """
    if target.endswith(".json"):
        return _of_template(target, nodes, namespace)
    if nodes is not None:
        raise TargetError(f'--nodes is for a template.json; "{target}" brings its own nodes.')
    graph = load(target)
    template = placed(graph.compile(), namespace)
    bodies = bodies_by_name(graph_bodies(graph))
    return Workflow(template, bodies, _address(target, graph), graph, graph.secret_values)


@_loading()
def template_of(target: str, namespace: str | None = None) -> GraphTemplate:
    """Return the checked template of a target; one of JSON needs no nodes for it."""
    if target.endswith(".json"):
        return bare_workflow(target, namespace).template
    return placed(load(target).compile(), namespace)


@_loading()
def bodies_of(target: str) -> Bodies:
    """Return the bodies that a target offers for a run that exists: of its graph, or of its module.

    :raises TargetError: when it cannot be loaded, or is a template, which has none.
    """
    if target.endswith(".json"):
        raise TargetError(f'"{target}" is a template, which holds no code. Name the module of its nodes.')
    source = target if _is_file(target) else target.rpartition(":")[0] or target
    if source != target:
        return bodies_by_name(graph_bodies(load(target)))
    return _bodies_in(load_module(source))


@_loading()
def refuse_other_workflow(run: RunView, target: str) -> None:
    """Refuse a target that has graphs, and not that of a run.

    Where a run was started nothing is compared: a graph may have another name there by now. A template that
    was run with `--nodes` has no graph in any module.

    :raises TargetError: naming the graphs that the target has.
    """
    if target == run.target or (run.target is not None and not _graph_named(run.target)):
        return
    graphs = [load(target)] if _graph_named(target) else list(graphs_in(load_module(target)).values())
    check_graph(run, graphs, f"{target} has")


def is_missing(target: str) -> bool:
    """Say whether the file of a target is not there."""
    source = target.rpartition(":")[0] if _graph_named(target) else target
    return _is_file(source) and not Path(source).is_file()


def _graph_named(target: str) -> bool:
    """Say whether a target names a graph: `file.py:graph`, not `file.py`, nor the `C:` before it."""
    source, _, name = target.rpartition(":")
    return bool(source) and name.isidentifier()


def _is_file(target: str) -> bool:
    return target.endswith(".py")


def _of_template(target: str, nodes: str | None, namespace: str | None) -> Workflow:
    bare = bare_workflow(target, namespace)
    if nodes is None:
        raise TargetError(
            f'"{target}" says how its nodes are connected, not what they do.'
            " Name the module that holds them: --nodes file.py"
        )
    module = load_module(nodes)
    address = str(Path(nodes).resolve()) if _is_file(nodes) else nodes
    bodies = _bodies_in(module)
    template = described(bare.template, bodies)
    ensure_valid(template)
    return replace(bare, template=template, bodies=bodies, address=address)


def bare_workflow(target: str, namespace: str | None = None) -> Workflow:
    """Load a JSON template, and the values of secrets that stand in it; triggering it needs none of its nodes.

    :raises TargetError: when it is no template.
    :raises GraphInvalid: when it does not pass its checks.
    """
    text = read_text(target, "TARGET")
    try:
        template = GraphTemplate.model_validate_json(text)
    except ValidationError as error:
        raise TargetError(f'"{target}" is no graph template: {reasons(error)}.') from error
    if "name" not in template.model_fields_set:
        template = template.model_copy(update={"name": Path(target).stem})
    template = placed(template, namespace)
    ensure_valid(template)
    return Workflow(template, {}, None, secrets=values_in(from_json(text)))


def placed(template: GraphTemplate, namespace: str | None) -> GraphTemplate:
    """Return a template in another namespace, if one is named."""
    if namespace is None:
        return template
    if not namespace.strip():
        raise TargetError("--namespace must not be empty.")
    return template.model_copy(update={"namespace": namespace.strip()})


def _address(target: str, graph: AnyGraph) -> str:
    source, _, name = target.rpartition(":")
    if _is_file(target) or not source:
        source, name = target, ""
    if not name:
        found = graphs_in(load_module(source)).items()
        name = next((name for name, known in found if known is graph), "graph")
    return f"{Path(source).resolve() if _is_file(source) else source}:{name}"


def _bodies_in(module: ModuleType) -> Bodies:
    nodes = [*_nodes_in(module), *(node for graph in graphs_in(module).values() for node in graph.nodes)]
    if not nodes:
        raise TargetError(f'"{module.__name__}" defines no node. Put `@node` above a function of it.')
    return bodies_by_name(replace(node.body, retry=None, timeout=None, executor=None) for node in nodes)


def _nodes_in(module: ModuleType) -> Iterable[AnyNode]:
    for value in vars(module).values():
        if isinstance(value, Node):
            yield value
        elif is_node_class(value) and hasattr(value, "execute"):  # a base class of others may have none
            yield class_node(value)
