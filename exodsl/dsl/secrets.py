"""What a graph is given as its secrets: where each comes from, or its value (semantics 8)."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import SecretStr

from exodsl.dsl.injection import Env, NamedSecret, Stored
from exodsl.dsl.options import check_name
from exodsl.dsl.places import here
from exodsl.errors import DefinitionError
from exodsl.template.secrets import STORED, SecretSource

SecretGiven = Env | Stored | SecretStr | str


def given_secrets(secrets: Mapping[str, SecretGiven]) -> dict[str, Env | Stored | SecretStr]:
    """Return the secrets of a graph, with values that no repr shows.

    :raises DefinitionError: when one is given neither a value nor a source.
    """
    return {check_name(name, "secret"): _given(name, given) for name, given in secrets.items()}


def source_of(given: Env | Stored | SecretStr) -> SecretSource:
    """Return what a template says of a secret."""
    return str(given) if isinstance(given, Env) else STORED


def _given(name: str, given: object) -> Env | Stored | SecretStr:
    if isinstance(given, str):
        given = SecretStr(given)
    if isinstance(given, NamedSecret) or not isinstance(given, Env | Stored | SecretStr):
        raise DefinitionError(
            f'The secret "{name}" is given neither a value nor where it comes from:'
            f' `{{"{name}": env("VARIABLE")}}`, a text, or `stored()`. ({here()})'
        )
    if isinstance(given, SecretStr) and not given.get_secret_value():
        raise DefinitionError(f'The secret "{name}" is given an empty text. ({here()})')
    return given
