"""Fan out over pages, use one node twice, keep a counter in the store."""

from pydantic import BaseModel

from exodsl import Graph, Store, collect, inject, node


class CrawlStore(BaseModel):
    cursor: int = 0
    seen: int = 0


class Page(BaseModel):
    url: str
    html: str = ""


@node
async def list_pages(since: int) -> list[Page]:
    return [Page(url="https://a"), Page(url="https://b")]


@node
async def fetch(url: str, store: Store[CrawlStore] = inject()) -> Page:
    store.add("seen", 1)
    with store.edit() as edited:
        edited.cursor += 1
    return Page(url=url, html="<p>")


@node
def clean(text: str) -> str:
    return text.strip()


@node
def publish(bodies: list[str], titles: list[str], seen: int) -> int:
    return seen + len(bodies) + len(titles)


clean_body, clean_title = clean.named("clean_body"), clean.named("clean_title")
graph = Graph("crawl", store=CrawlStore)
graph.start(list_pages, since=graph.store.cursor)
graph.connect(list_pages, fetch)
graph.connect(fetch, clean_body, text=fetch.outputs.html)
graph.connect(fetch, clean_title, text=f"title of {fetch.outputs.url}")
graph.connect(
    (clean_body, clean_title),
    publish,
    bodies=collect(clean_body.outputs),
    titles=collect(clean_title.outputs),
    seen=graph.store.seen,
).unites(list_pages)
graph.schedule("0 9 * * 1-5", tz="Europe/Berlin", catch_up="latest")
