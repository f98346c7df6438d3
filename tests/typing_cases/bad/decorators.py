"""Decorators in the wrong order. Each wrong line says what mypy and pyright call it."""

from exodsl import Graph, node

graph = Graph("order")


@node
def fetch(url: str) -> str:
    return url


@node  # mypy: type-var
@graph.connect(fetch)  # pyright: reportArgumentType
def show(url: str) -> str:
    return url


def plain(url: str) -> str:
    return url


graph.connect(fetch, plain)  # mypy: call-overload, pyright: reportCallIssue
graph.connect(plain, fetch)  # mypy: call-overload, pyright: reportCallIssue
