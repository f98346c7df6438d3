"""Where the secrets of a graph come from, as a template says it; the values never stand in one (semantics 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, SecretStr

FROM_ENVIRONMENT = "env:"
STORED: Literal[True] = True


def _without_value(source: object) -> object:
    if source == FROM_ENVIRONMENT:
        raise ValueError(f'"{FROM_ENVIRONMENT}" names no environment variable; write {FROM_ENVIRONMENT}NAME')
    return STORED if isinstance(source, str) and variable_of(source) is None else source


SecretSource = Annotated[Literal[True] | str, BeforeValidator(_without_value)]
"""`env:NAME` for an environment variable, `true` for a value that the state manager keeps.

Exosphere's templates have the value itself there: it is read by `values_in`, and becomes `true`.
"""


def variable_of(source: object) -> str | None:
    """Return the environment variable that a source names, if it names one."""
    if isinstance(source, str) and source.startswith(FROM_ENVIRONMENT):
        return source.removeprefix(FROM_ENVIRONMENT)
    return None


def values_in(document: Mapping[str, Any]) -> dict[str, SecretStr]:
    """Return the values that stand in a template's JSON, as in one of Exosphere's; an empty one is none."""
    return {
        name.strip(): SecretStr(value)
        for name, value in document.get("secrets", {}).items()
        if isinstance(value, str) and value and variable_of(value) is None
    }
