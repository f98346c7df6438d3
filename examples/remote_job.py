"""Start a remote job, poll it without holding a worker, then fetch the file.

Run it with ``exodsl run examples/remote_job.py --input query="all orders"``.
"""

from datetime import timedelta

from pydantic import BaseModel

from exodsl import Context, Graph, Prune, Requeue, inject, node

graph = Graph("export")
asked: dict[str, int] = {}
"""How often each job was asked for; stands for the remote side, which takes a while."""


class Job(BaseModel):
    job_id: str
    query: str


class Ready(BaseModel):
    url: str
    size: int


async def remote_status(job_id: str, query: str) -> str:
    asked[job_id] = asked.get(job_id, 0) + 1
    if query == "nothing":
        return "cancelled"
    return "done" if asked[job_id] > 2 else "working"


@node
async def submit(query: str, ctx: Context = inject()) -> Job:
    # The same key for every attempt: a remote side that knows it starts the job only once.
    return Job(job_id=ctx.idempotency_key, query=query)


@graph.connect(submit)
@node
async def poll(job_id: str, query: str) -> Ready:
    status = await remote_status(job_id, query)
    if status == "cancelled":
        raise Prune("cancelled upstream", job_id=job_id)
    if status != "done":
        raise Requeue(after=timedelta(milliseconds=200))  # nothing waits here meanwhile
    return Ready(url=f"https://files/{query.replace(' ', '-')}", size=10)


@graph.connect(poll, url=poll.outputs.url)
@node
async def download(url: str) -> str:
    return f"downloaded {url}"
