"""States: claimed by runtimes, reported, retried by hand."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException

from exodsl.engine.reports import ErrorInfo, Executed, Failed, Pruned, Requeued, Result
from exodsl.engine.status import State
from exodsl.errors import TransitionRefused
from exodsl.manager.exosphere.lending import Recorded, StateRef
from exodsl.server import answers, bodies, shapes
from exodsl.server.parts import Granted, Namespace, Parts, Ref, Server, StrictRoute
from exodsl.server.refs import epoch_ms, spelled
from exodsl.template.json_values import strict_json

router = APIRouter(prefix="/v0/namespace/{namespace}", route_class=StrictRoute, tags=["states"])

NOT_QUEUED = "State is not queued"
ERROR_TYPE = "exosphere.Error"
"""What the SDK does not tell: it reports the text of an exception, and not its type."""
_DONE = (State.EXECUTED.name, State.SUCCESS.name, State.NEXT_CREATED_ERROR.name)


@router.post("/states/enqueue")
def enqueue(server: Server, namespace: Namespace, body: bodies.Claim) -> answers.Claimed:
    """Claim states that are due, the oldest first."""
    loans = server.manager.lend(namespace, frozenset(body.nodes), body.batch_size, server.settings.lease_ms)
    server.metrics.claims.inc(len(loans))
    return answers.Claimed(count=len(loans), namespace=namespace, states=[shapes.claimed(loan) for loan in loans])


@router.post("/state/{state_id}/executed")
def executed(server: Server, namespace: Namespace, state_id: Ref, body: bodies.Executed) -> answers.Executed:
    """Report the outputs of a state; none at all are an empty fanout, unless its node has no output fields."""
    _record(server, namespace, state_id, Executed([strict_json(output) for output in body.outputs]))
    return answers.Executed()


@router.post("/state/{state_id}/errored")
def errored(server: Server, namespace: Namespace, state_id: Ref, body: bodies.Errored) -> answers.Errored:
    """Report that the body of a state failed; it is tried again as its retry policy says."""
    recorded = _record(server, namespace, state_id, Failed(ErrorInfo(ERROR_TYPE, body.error, key=ERROR_TYPE)))
    return answers.Errored(retry_created=recorded.status is State.RETRY_CREATED)


@router.post("/state/{state_id}/prune")
def prune(server: Server, namespace: Namespace, state_id: Ref, body: bodies.Pruned) -> answers.Pruned:
    """End the branch of a state on purpose."""
    recorded = _record(server, namespace, state_id, Pruned(strict_json(body.data)))
    return answers.Pruned(enqueue_after=epoch_ms(recorded.due))


@router.post("/state/{state_id}/re-enqueue-after")
def re_enqueue(server: Server, namespace: Namespace, state_id: Ref, body: bodies.Requeued) -> answers.Requeued:
    """Let a state run again later; the answer has the time at which it is due."""
    recorded = _record(server, namespace, state_id, Requeued(max(body.enqueue_after, 1)))
    return answers.Requeued(enqueue_after=epoch_ms(recorded.due))


@router.post("/state/{state_id}/manual-retry")
def manual_retry(
    server: Server, scope: Granted, namespace: Namespace, state_id: Ref, body: bodies.Retry
) -> answers.Retried:
    """Retry a state by hand, once for each `fanout_id`."""
    scope.check(*server.manager.state_in({namespace}, state_id.key).homes)
    ref, status = server.manager.retry_once(namespace, state_id, body.fanout_id)
    return answers.Retried(id=spelled(ref), status=shapes.state_status(status.name))


@router.get("/state/{state_id}/secrets")
def secrets(server: Server, namespace: Namespace, state_id: Ref) -> answers.Secrets:
    """Return the secrets that the node of a state declares."""
    return answers.Secrets(secrets=server.manager.state_secrets(namespace, state_id))


def _record(server: Parts, namespace: str, ref: StateRef, result: Result) -> Recorded:
    try:
        recorded = server.manager.record(namespace, ref, result)
    except TransitionRefused as error:
        server.metrics.refused.inc()
        raise HTTPException(400, _why_refused(error, result)) from error
    server.metrics.reports.labels(type(result).__name__.lower()).inc()
    return recorded


def _why_refused(error: TransitionRefused, result: Result) -> str:
    if not isinstance(result, Failed):
        return NOT_QUEUED
    return "State is already executed" if error.status in _DONE else f"{NOT_QUEUED} or executed"
