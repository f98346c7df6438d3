"""Fan out over pages, use one node twice, keep a counter in the store.

Run it with ``exodsl run examples/crawl.py --store cursor=1``.
"""

from pydantic import BaseModel

from exodsl import Graph, Store, collect, inject, node

SITE = {
    "https://site/first": "  <p>The first page.</p>",
    "https://site/second": "<p>The second page.</p>  ",
    "https://site/third": "<p>The third page.</p>",
}
"""Stands for the network."""


class CrawlStore(BaseModel):
    cursor: int = 0
    seen: int = 0


class Page(BaseModel):
    url: str
    html: str = ""


@node
async def list_pages(since: int) -> list[Page]:
    return [Page(url=url) for url in list(SITE)[since:]]


@node
async def fetch(url: str, store: Store[CrawlStore] = inject()) -> Page:
    store.add("seen", 1)  # commutes, so parallel branches lose nothing; committed with this node's output
    return Page(url=url, html=SITE[url])


@node
def clean(text: str) -> str:
    return text.strip()


@node
def publish(bodies: list[str], titles: list[str], seen: int) -> str:
    lines = [f"{title}: {body}" for title, body in zip(titles, bodies, strict=True)]
    return "\n".join([*lines, f"{seen} pages seen"])


clean_body, clean_title = clean.named("clean_body"), clean.named("clean_title")
graph = Graph("crawl", store=CrawlStore)
graph.start(list_pages, since=graph.store.cursor)
graph.connect(list_pages, fetch)
graph.connect(fetch, clean_body, text=fetch.outputs.html)
graph.connect(fetch, clean_title, text=f"title of {fetch.outputs.url}")  # becomes a template string
graph.connect(
    (clean_body, clean_title),
    publish,
    bodies=collect(clean_body.outputs),
    titles=collect(clean_title.outputs),
    seen=graph.store.seen,
).unites(list_pages)
