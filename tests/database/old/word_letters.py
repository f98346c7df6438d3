"""The workflow that wrote the databases stored here: it counts the letters of words, and keeps what it saw."""

from pydantic import BaseModel

from exodsl import Graph, RetryPolicy, Store, collect, inject, node


class Seen(BaseModel):
    words: int = 0


@node
def split(text: str) -> list[str]:
    return text.split()


@node
def count(word: str, store: Store[Seen] = inject()) -> int:
    if word == "bad":
        raise ValueError("no such word")
    store.add("words", 1)
    return len(word)


@node
def total(counts: list[int]) -> int:
    return sum(counts)


graph = Graph(
    "letters", store=Seen, retry=RetryPolicy(max_retries=1, strategy="FIXED", backoff_factor=1), keep_store=True
)
graph.connect(split, count, word=split.outputs)
graph.connect(count, total, counts=collect(count.outputs)).unites(split)
