"""While a user's module is loaded where a body is to run, it must not start runs of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from exodsl.errors import DefinitionError

_LOADING: ContextVar[str | None] = ContextVar("exodsl_loading", default=None)


@contextmanager
def loading(what: str) -> Iterator[None]:
    """Note that a node is being loaded for an executor; other threads go on as they like."""
    token = _LOADING.set(what)
    try:
        yield
    finally:
        _LOADING.reset(token)


def refuse_while_loading(what: str) -> None:
    """:raises DefinitionError: when a module starts a run while it is imported for an executor."""
    loading_now = _LOADING.get()
    if loading_now is not None:
        raise DefinitionError(
            f'{what} was started while "{loading_now}" was imported for its executor.'
            ' Put it below `if __name__ == "__main__":`.'
        )
