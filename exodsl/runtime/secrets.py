"""Secrets: named in the template, read from the environment only where a body needs them."""

from __future__ import annotations

import os
from collections.abc import Mapping

from exodsl.errors import DefinitionError
from exodsl.template.models import GraphTemplate

FROM_ENVIRONMENT = "env:"


def read_secrets(template: GraphTemplate, declared: Mapping[str, bool]) -> dict[str, str]:
    """Return the values of secrets (semantics 8).

    :param declared: their names, and whether the node can do without.
    :raises DefinitionError: when the graph does not give one, or its variable is not set.
    """
    found: dict[str, str] = {}
    for name, optional in declared.items():
        value = os.environ.get(_variable(template, name))
        if value is not None:
            found[name] = value
        elif not optional:
            raise _missing(template, name)
    return found


def _variable(template: GraphTemplate, name: str) -> str:
    return template.secrets.get(name, "").removeprefix(FROM_ENVIRONMENT)


def _missing(template: GraphTemplate, name: str) -> DefinitionError:
    variable = _variable(template, name)
    if variable:
        return DefinitionError(
            f'The secret "{name}" of graph "{template.name}" is read from the environment variable "{variable}",'
            " which is not set. Set it where the runtime is started."
        )
    return DefinitionError(
        f'E130 graph "{template.name}" gives no secret "{name}".'
        f' Write `Graph(..., secrets={{"{name}": env("{name.upper()}")}})`.'
    )
