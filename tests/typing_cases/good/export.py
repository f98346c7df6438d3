"""Start a remote job, poll it without holding a worker, then fetch the file."""

from datetime import timedelta

from later import Graph
from pydantic import BaseModel

from exodsl import Context, Prune, Requeue, inject, node

graph = Graph("export")


class Job(BaseModel):
    job_id: str


class Ready(BaseModel):
    url: str
    size: int


async def remote_status(job_id: str) -> str:
    return "done"


@node
async def submit(query: str, ctx: Context = inject()) -> Job:
    return Job(job_id=ctx.idempotency_key)


@graph.connect(submit)
@node
async def poll(job_id: str) -> Ready:
    status = await remote_status(job_id)
    if status == "cancelled":
        raise Prune("cancelled upstream", job_id=job_id)
    if status != "done":
        raise Requeue(after=timedelta(seconds=30))
    return Ready(url=f"https://files/{job_id}", size=10)


@graph.connect(poll, url=poll.outputs.url).when(poll.outputs.size > 0)
@node
async def download(url: str) -> str:
    return url
