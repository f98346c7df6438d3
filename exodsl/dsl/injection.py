"""Default values that mark a parameter as given by the runtime, and where secrets come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pydantic import SecretStr

from exodsl.errors import DefinitionError


class Marker:
    """The default value of a parameter that the runtime fills in."""

    def __repr__(self) -> str:
        return "inject()"


INJECT: Final = Marker()


class NamedSecret(SecretStr):
    """The default value of a parameter that receives a secret; holds the name, never a value."""

    def __init__(self, name: str) -> None:
        super().__init__("")
        self.secret_name = name

    def __repr__(self) -> str:
        return f'secret("{self.secret_name}")'

    def get_secret_value(self) -> str:
        """Refuse: there is a value only while a run goes on."""
        raise DefinitionError(
            f'The secret "{self.secret_name}" has a value only while a run goes on.'
            ' In a unit test give one by hand: SecretStr("x").'
        )


class Stored:
    """A secret whose value the state manager keeps, encrypted; it was given by hand."""

    def __repr__(self) -> str:
        return "stored()"


@dataclass(frozen=True)
class Env:
    """A secret that is read from an environment variable, in the runtime, when a node needs it."""

    variable: str

    def __str__(self) -> str:
        return f"env:{self.variable}"


def inject() -> Any:
    """Mark a `Context` or `Store[...]` parameter as injected, so that no caller must give it."""
    return INJECT


def secret(name: str) -> SecretStr:
    """Mark a `SecretStr` parameter as the graph's secret `name` (semantics 1, 8).

    :raises DefinitionError: when the name is empty.
    """
    if not name.strip():
        raise DefinitionError("secret(...) needs the name that the graph gives the secret.")
    return NamedSecret(name)


def env(variable: str) -> Env:
    """Name the environment variable that holds a secret: `Graph(secrets={"key": env("KEY")})`.

    :raises DefinitionError: when the name cannot be one of a variable.
    """
    if not variable or "=" in variable or "\0" in variable:
        raise DefinitionError(f'env("{variable}") cannot name an environment variable.')
    return Env(variable)


def stored() -> Stored:
    """Mark a secret as stored by hand: `Graph(secrets={"key": stored()})`, and `exodsl secrets set GRAPH key`."""
    return Stored()
