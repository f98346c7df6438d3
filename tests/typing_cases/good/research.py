"""Plan, research every sub-question, write, and let a person approve."""

from datetime import timedelta
from typing import Literal

from later import Graph, Ok, Outcome, outcomes, wait_for
from later import node as limited
from pydantic import BaseModel, SecretStr

from exodsl import BaseNode, Context, RetryPolicy, env, inject, node, secret


class Ask(BaseModel):
    topic: str
    depth: int = 3


class Question(BaseModel):
    question: str


class Finding(BaseModel):
    claim: str
    confidence: float


class Approval(BaseModel):
    verdict: Literal["publish", "revise", "drop"]


@node(retry=RetryPolicy(max_retries=5, strategy="EXPONENTIAL_FULL_JITTER", give_up_on=(ValueError,)))
async def plan(topic: str, depth: int, key: SecretStr = secret("llm_key")) -> list[Question]:
    return [Question(question=f"{topic} #{i}") for i in range(depth)]


@limited(timeout=timedelta(minutes=2), max_parallel=8)
async def research(question: str, ctx: Context = inject()) -> Finding:
    ctx.log.info("retry %s", ctx.retry_count)
    return Finding(claim=question, confidence=0.9)


class Write(BaseNode):
    class Inputs(BaseModel):
        topic: str
        findings: list[Outcome[Finding]]

    class Outputs(BaseModel):
        draft: str
        used: int

    class Secrets(BaseModel):
        llm_key: str

    inputs: Inputs
    secrets: Secrets

    async def execute(self) -> Outputs:
        good = [f.value.claim for f in self.inputs.findings if isinstance(f, Ok)]
        return self.Outputs(draft="\n".join(good), used=len(good))


@node
def publish(draft: str) -> str:
    return draft


@node
def revise(draft: str, used: int) -> str:
    return f"{draft} ({used} findings)"


write = node(Write)
approval = wait_for("approval", Approval, timeout=timedelta(days=2))

graph = Graph("research", inputs=Ask, secrets={"llm_key": env("LLM_KEY")})
graph.start(plan, topic=graph.inputs.topic, depth=graph.inputs.depth)
graph.connect(plan, research)
graph.connect(research, write, topic=graph.inputs.topic, findings=outcomes(research)).unites(
    plan, strategy="QUORUM", quorum=0.8, deadline=timedelta(hours=1)
)
graph.connect(write, approval).when(write.outputs.used > 0)
graph.route(
    approval,
    approval.outputs.verdict,
    {"publish": publish.takes(draft=write.outputs.draft), "revise": revise},
    otherwise=None,
)
