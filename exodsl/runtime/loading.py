"""While a child process loads a user's module, that module must not start runs of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from exodsl.errors import DefinitionError

_loading: list[str] = []


@contextmanager
def loading(what: str) -> Iterator[None]:
    """Note that a node is being loaded for a process executor."""
    _loading.append(what)
    try:
        yield
    finally:
        _loading.pop()


def refuse_while_loading(what: str) -> None:
    """:raises DefinitionError: when a module starts a run while a child process imports it."""
    if _loading:
        raise DefinitionError(
            f'{what} was started while "{_loading[-1]}" was imported for executor="process".'
            ' Put it below `if __name__ == "__main__":`.'
        )
