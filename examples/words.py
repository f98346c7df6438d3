"""Split a text, count each part, add the counts up.

Run it with ``exodsl run examples/words.py --input document=@README.md``.
"""

from pydantic import BaseModel

from exodsl import Graph, collect, node


class Part(BaseModel):
    text: str
    number: int


@node
def split(document: str) -> list[Part]:
    return [Part(text=text, number=number) for number, text in enumerate(document.split("\n\n"))]


@node
def count_words(text: str) -> int:
    return len(text.split())


@node
def total(counts: list[int]) -> int:
    return sum(counts)


graph = Graph("word-count")
graph.connect(split, count_words)  # wired by name: text <- split.outputs.text
graph.connect(count_words, total, counts=collect(count_words.outputs)).unites(split)
