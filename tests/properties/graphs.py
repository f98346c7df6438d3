"""Random cases: a valid graph, what its bodies do, and what its run is triggered with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from exodsl.template.models import GraphTemplate, NodeTemplate, StoreConfig
from exodsl.template.policies import RetryPolicy
from tests.properties.bodies import Act, Behaviour, Body, Write, acting
from tests.properties.layout import Layout
from tests.properties.mappings import RUN_INPUTS, Mapper
from tests.properties.shapes import MOST_NODES, Draw, draw_shape
from tests.properties.writers import COUNTERS, SETTINGS, draw_writers

WIDEST = (5, 4, 3)
SHAPE_SIZE = 160
NODE_SIZE = 64


@dataclass(frozen=True)
class Case:
    """A graph, its bodies, what it is triggered with, and a number that orders what is left to chance."""

    template: GraphTemplate
    bodies: dict[str, Body]
    run_inputs: dict[str, Any]
    store: dict[str, Any]
    order: int

    @property
    def act(self) -> Act:
        """What the bodies do."""
        return acting(self.bodies)

    def __repr__(self) -> str:
        template = self.template.model_dump(mode="json", exclude_defaults=True)
        nodes = "\n".join(f"    {json.dumps(node)}" for node in template.pop("nodes"))
        parts = {"template": template, "inputs": self.run_inputs, "store": self.store}
        rest = "\n".join(f"  {name}: {json.dumps(value)}" for name, value in parts.items())
        bodies = "\n".join(f"    {name}: {body}" for name, body in self.bodies.items())
        return f"Case(order={self.order})\n  nodes:\n{nodes}\n  bodies:\n{bodies}\n{rest}"


def cases() -> st.SearchStrategy[Case]:
    """Draw a whole case; graphs that exodsl's own checks refuse are not taken out here."""
    size = SHAPE_SIZE + NODE_SIZE * MOST_NODES
    return st.binary(min_size=size, max_size=size).map(case_from)


def case_from(source: bytes) -> Case:
    """Build the case that some bytes stand for; each node has its own stretch of them."""
    draw = Draw(source[:SHAPE_SIZE])
    typed, given = draw.chance(60), draw.chance(20)
    order, policy = draw.upto(255), _policy(draw)
    shape = draw_shape(draw)
    layout = Layout(shape)
    draws = {name: Draw(part) for name, part in zip(sorted(layout.nodes), _parts(source), strict=False)}
    fields = {name: _fields(draws[name], layout, name) for name in layout.nodes}
    writers = draw_writers(draws, layout)
    mapper = Mapper(draws, layout, fields, writers, typed)
    bodies = {name: _body(draws[name], layout, name, fields[name], writers.get(name, ())) for name in layout.nodes}
    nodes = [_completed(draws[node.identifier], mapper, node) for node in shape]
    template = GraphTemplate(
        nodes=tuple(nodes),
        retry_policy=policy,
        store_config=StoreConfig(required_keys=COUNTERS[:1], default_values=_stored(COUNTERS[1:] + SETTINGS)),
        inputs_schema=RUN_INPUTS if typed else None,
        keep_store=True,
    )
    store = _stored(COUNTERS[:1]) | (_stored(SETTINGS[:1]) if given else {})
    return Case(template, bodies, mapper.run_inputs(), store, order)


def _parts(source: bytes) -> Iterator[bytes]:
    return (source[at : at + NODE_SIZE] for at in range(SHAPE_SIZE, len(source), NODE_SIZE))


def _stored(keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: 3 + len(key) for key in keys}


def _fields(draw: Draw, layout: Layout, name: str) -> tuple[str, ...]:
    if not layout.fans_out(name) and draw.chance(5):
        return ()
    return ("number", *(field for field in ("text", "maybe", "deep", "items") if draw.chance(45)))


def _policy(draw: Draw) -> RetryPolicy:
    strategy = draw.one(["FIXED", "LINEAR", "EXPONENTIAL_FULL_JITTER"])
    return RetryPolicy.model_validate(
        {"max_retries": draw.upto(2), "strategy": strategy, "backoff_factor": draw.upto(3000, 1)}
    )


def _completed(draw: Draw, mapper: Mapper, node: NodeTemplate) -> NodeTemplate:
    inputs, schema = mapper.mapping(node.identifier)
    update: dict[str, Any] = {"inputs": inputs, "inputs_schema": schema}
    update["outputs_schema"] = mapper.outputs_schema(node.identifier)
    if draw.chance(15):
        update["retry_policy"] = _policy(draw)
    return node.model_copy(update=update)


def _body(draw: Draw, layout: Layout, name: str, fields: tuple[str, ...], writes: tuple[Write, ...]) -> Body:
    united = any(name in region for region in layout.region.values())
    trouble = 33 if united else 3 if layout.parents[name] else 1
    behaviours = (
        _behaviour(draw, layout, name, trouble, writes if draw.chance(75) else ()) for _ in range(draw.upto(3, 1))
    )
    return Body(fields, tuple(behaviours))


def _behaviour(draw: Draw, layout: Layout, name: str, trouble: int, writes: tuple[Write, ...]) -> Behaviour:
    levels = len(layout.opened_at(name))
    return Behaviour(
        ends="prune" if draw.chance(trouble * 4 // 3) else "fatal" if draw.chance(trouble // 3) else "give",
        width=_width(draw, WIDEST[levels]) if layout.fans_out(name) else 1,
        fails=draw.upto(3, 1) if draw.chance(trouble) else 0,
        requeues=draw.upto(2, 1) if draw.chance(8) else 0,
        lacks=tuple(draw.chance(35) for _ in range(draw.upto(2, 1))),
        writes=writes,
    )


def _width(draw: Draw, widest: int) -> int:
    return 0 if draw.chance(15) else draw.upto(widest, 1)
