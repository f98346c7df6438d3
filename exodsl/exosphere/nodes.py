"""Class nodes in the shape of Exosphere's SDK, and what a runtime says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel

from exodsl import dsl
from exodsl.dsl.body import Body
from exodsl.errors import SettingInvalid
from exodsl.manager.registration import NodeSpec
from exodsl.template.export_inputs import described_fields


class BaseNode(dsl.BaseNode):
    """A node written as a class: nested `Inputs`, `Outputs` and `Secrets` of texts, and `async def execute(self)`.

    Before `execute`, `self.inputs` and `self.secrets` are set. It returns one of `Outputs`, a list of them (a fanout),
    or `None`.
    """

    if not TYPE_CHECKING:  # to a type checker, a nested class that takes their place would be an incompatible one

        class Inputs(BaseModel):
            """What the node takes: nothing, unless a subclass says otherwise."""

        class Outputs(BaseModel):
            """What the node gives: nothing, unless a subclass says otherwise."""

        class Secrets(BaseModel):
            """Which secrets the node needs: none, unless a subclass says otherwise."""


def spec_of(body: Body) -> NodeSpec:
    """Return what a runtime says of a node; :raises SettingInvalid: when a field of it is no text."""
    inputs, outputs = body.code.inputs.schema(), body.code.outputs.schema()
    for what, schema in (("input", inputs), ("output", outputs)):
        for name, kind in described_fields(schema).items():
            if kind.kind != "string":
                raise SettingInvalid(
                    f'The {what} "{name}" of node "{body.node_name}" is of type {kind}; nodes of Exosphere take and'
                    f" give texts. Annotate it `str`, or serve the node with `exodsl.Runtime`. ({body.place})"
                )
    return NodeSpec(body.node_name, inputs, outputs, tuple(body.code.secrets))
