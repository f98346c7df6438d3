"""exodsl's own protocol when something is wrong: the key, the server, what is asked; each is one clear error."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, ClassVar

import pytest
from httpx import Response

from exodsl import StateManager
from exodsl.errors import (
    DatabaseUnusable,
    ExodslError,
    GraphInvalid,
    GraphNotFound,
    InputInvalid,
    KeyRefused,
    ReadOnly,
    ReadTimeout,
    RequestTooLarge,
    RunNotFound,
    TransitionRefused,
)
from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.opening import open_embedded, open_manager
from exodsl.manager.protocol import Serves, Trigger
from exodsl.manager.protocol import StateManager as Manager
from exodsl.manager.remote import waiting
from exodsl.manager.remote.line import Line
from exodsl.manager.remote.messages import PREFIX, WAIT
from tests.manager.byhand import Clock, begin, draw, give, numbers, report, serves
from tests.served import KEY, Served
from tests.server.conftest import Client

Caught = tuple[type[ExodslError], dict[str, Any], str]


@pytest.fixture
def remote(served: Served, manager: EmbeddedManager) -> Iterator[Manager]:
    """The state manager, as somebody elsewhere sees it."""
    with served.over(manager) as address, closing(open_manager(address, key=KEY)) as opened:
        yield opened


def raised_by(manager: Manager, name: str, *given: Any) -> Caught:
    """Return what a call raises, with all that it carries."""
    with pytest.raises(ExodslError) as caught:
        getattr(manager, name)(*given)
    return type(caught.value), vars(caught.value), str(caught.value)


def test_an_error_arrives_as_it_was_raised(remote: Manager, manager: EmbeddedManager, clock: Clock) -> None:
    begun = begin(manager, clock, draw("root", name="first"))
    manager.trigger([Trigger("default", "first")])
    calls: dict[type[ExodslError], tuple[str, Any]] = {
        RunNotFound: ("run", "f00"),
        GraphNotFound: ("template", ("default", "frist")),
        TransitionRefused: ("resume", begun.run_id),
        InputInvalid: ("cluster_states", (begun.run_id, "no such node", "")),
    }

    for kind, (name, given) in calls.items():
        arguments = given if isinstance(given, tuple) else (given,)
        there, here = raised_by(remote, name, *arguments), raised_by(manager, name, *arguments)
        assert (there, there[0]) == (here, kind)


def test_a_part_of_an_id_that_fits_several_runs_names_them(remote: Manager, clock: Clock) -> None:
    ids = [begin(remote, clock, draw("root")).run_id for _ in range(2)]
    with pytest.raises(RunNotFound) as caught:
        remote.run(ids[0][:3])

    assert sorted(caught.value.matches) == sorted(ids)


def test_every_finding_of_a_graph_arrives(remote: Manager, manager: EmbeddedManager) -> None:
    wrong = draw("a > b", parts={"b": {"inputs": {"x": "${{ nowhere.outputs.y }}"}}})
    there, here = raised_by(remote, "upsert", wrong), raised_by(manager, "upsert", wrong)

    assert there == here
    assert there[0] is GraphInvalid


def test_a_wrong_key_is_refused_by_name(served: Served) -> None:
    with pytest.raises(KeyRefused, match="EXOSPHERE_API_KEY") as caught:
        StateManager.open(served.uri, key="another")

    assert caught.value.uri == served.uri


def test_a_server_that_wants_a_key_says_so(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXOSPHERE_API_KEY", raising=False)
    with pytest.raises(KeyRefused, match=r"wants a key\. Give it: in the variable EXOSPHERE_API_KEY"):
        StateManager.open(served.uri)


@pytest.mark.parametrize("key", ["schlüssel", "secret\n", "\x1b[2J"], ids=["no ASCII", "a line", "control"])
def test_a_key_that_no_request_can_carry_is_refused_without_being_told(served: Served, key: str) -> None:
    with pytest.raises(KeyRefused) as caught:
        StateManager.open(served.uri, key=key)

    assert key.strip() not in str(caught.value)


def test_the_key_comes_from_the_environment(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXOSPHERE_API_KEY", KEY)
    monkeypatch.setenv("EXOSPHERE_STATE_MANAGER_URI", served.uri)
    with closing(StateManager.open()) as opened:
        assert opened.runs().items == ()


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(DatabaseUnusable, match=r'"http://me:\*\*\*@127.0.0.1:1" cannot be reached'):
        StateManager.open("http://me:secret@127.0.0.1:1")


def test_a_password_in_an_address_is_not_logged(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with closing(open_manager(served.uri.replace("//", "//me:secret@"), key=KEY)) as remote:
        remote.runs()

    assert "HTTP Request" in caplog.text
    assert "secret" not in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize("address", ["http://", "http://[::1", "http://host:port"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(DatabaseUnusable, match=r"is no address of a server: .* Write http://host:port\."):
        StateManager.open(address)


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>Welcome</html>")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def test_something_else_that_answers_there_is_refused() -> None:
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(DatabaseUnusable, match="does not speak this version of exodsl's protocol"):
            StateManager.open(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


def test_a_look_that_takes_too_long_is_given_up_and_holds_nobody_up(
    served: Served, manager: EmbeddedManager, clock: Clock, file: Path
) -> None:
    begun = begin(manager, clock, draw("root* > work"))
    begun.reach("work", root=numbers(3_000))

    def looking(_: float) -> EmbeddedManager:
        return open_embedded(str(file), read_only=True, look_seconds=0, clock=clock)

    with served.over(manager, looking) as address, closing(open_manager(address, key=KEY, read_only=True)) as reader:
        there = raised_by(reader, "history", begun.run_id)

    assert there[:2] == (ReadTimeout, {"path": str(file), "seconds": 0})
    assert len(manager.history(begun.run_id).nodes) == 2


class _Gateway(BaseHTTPRequestHandler):
    """What is behind it has ended: answers that say no length end with it, and look as if they were whole."""

    asked: ClassVar[list[str]] = []
    answers: ClassVar[Mapping[str, bytes]] = {
        PREFIX: b'{"body_bytes": 1000}',
        f"{PREFIX}/host_session": b"7",
        f"{PREFIX}/exchange_hosted": b'{"claims": []}',
        f"{PREFIX}/close_hosted": b"null",
        WAIT: b"  ",
    }

    def do_GET(self) -> None:
        self.asked.append(self.path.removeprefix(f"{PREFIX}/"))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.answers[self.path])

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def gateway(kind: type[_Gateway]) -> Iterator[str]:
    """Let it answer for a while; gives its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_runtime_goes_on_when_waiting_for_work_ends_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "AGAIN_SECONDS", 0.01)
    woken = SimpleQueue[None]()
    with gateway(_Gateway) as address, closing(open_manager(address)) as remote:
        session = remote.open_session("runtime", serves(draw("root")))
        remote.wake_on_work(lambda: woken.put(None))
        for _ in range(3):
            assert remote.exchange(session, [], 1).claims == ()
            woken.get(timeout=20)

    assert _Gateway.asked.count("exchange_hosted") == 3


def test_who_speaks_tls_to_plain_http_is_told(served: Served) -> None:
    with pytest.raises(DatabaseUnusable, match=r"cannot be reached: it does not speak TLS\. Write http://"):
        StateManager.open(served.uri.replace("http:", "https:"))


def test_what_takes_a_connection_and_says_nothing_is_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        line = Line(f"http://127.0.0.1:{silent.getsockname()[1]}", None, patience=0.05)
        with closing(line), pytest.raises(DatabaseUnusable, match="cannot be reached: timed out"):
            line.hello()


def test_who_only_looks_changes_nothing(served: Served, manager: EmbeddedManager, clock: Clock, file: Path) -> None:
    begun = begin(manager, clock, draw("root"))

    def looking(seconds: float) -> EmbeddedManager:
        return open_embedded(str(file), read_only=True, look_seconds=seconds, clock=clock)

    with served.over(manager, looking) as address, closing(open_manager(address, key=KEY, read_only=True)) as reader:
        assert reader.run(begun.run_id).status == "RUNNING"
        for write in (
            lambda: reader.cancel(begun.run_id),
            lambda: reader.trigger([Trigger("default", "graph")]),
            lambda: reader.open_session("runtime", Serves({})),
            lambda: reader.clean(timedelta(0)),
        ):
            with pytest.raises(ReadOnly):
                write()

    assert reader.read_only
    assert manager.run(begun.run_id).status == "RUNNING"


@pytest.mark.parametrize("value", [float("nan"), "\ud800", {1, 2}], ids=["nan", "half a character", "a set"])
def test_what_is_no_json_is_refused_as_elsewhere(remote: Manager, manager: EmbeddedManager, value: Any) -> None:
    manager.upsert(draw("root"))
    trigger = [Trigger("default", "graph", {"x": value}, validated=True)]
    if isinstance(value, set):
        assert len(remote.trigger(trigger)) == 1
    else:
        assert raised_by(remote, "trigger", trigger) == raised_by(manager, "trigger", trigger)


# Limits


HUGE = 2**70


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("runs", {"limit": HUGE}),
        ("template", {"namespace": "default", "graph": "graph", "version": HUGE}),
        ("exchange_hosted", {"number": HUGE, "capacity": 1, "holding": {}}),
        ("exchange_hosted", {"number": 2**32 + 1, "capacity": 1, "holding": {}}),  # its leases would be another's
        ("exchange_hosted", {"number": 1, "capacity": 1, "notes": [{"state_id": HUGE, "lease": HUGE}]}),
    ],
    ids=["page", "version", "exchange", "lease", "note"],
)
def test_a_number_that_no_database_holds_is_refused(client: Client, name: str, body: dict[str, Any]) -> None:
    template = draw("root")
    ask(client, "upsert", {"template": template.model_dump(mode="json")})
    ask(client, "trigger", {"triggers": [{"namespace": "default", "graph": "graph"}]})
    graphs = [{"namespace": "default", "graph": "graph", "node_names": ["root"]}]
    session = ask(client, "host_session", {"name": "far", "serves": {"graphs": graphs}, "host": "far"}).json()
    more = {"session": session, "reports": []} if name == "exchange_hosted" else {}

    assert ask(client, name, {**more, **body}).status_code in (400, 404)
    held = ask(client, "exchange_hosted", {"session": session, "number": 1, "reports": [], "capacity": HUGE})
    assert len(held.json()["claims"]) == 1


def ask(client: Client, name: str, body: dict[str, Any]) -> Response:
    """Return the answer to a call."""
    return client.post(f"{PREFIX}/{name}", json=body)


def test_a_request_that_is_too_large_names_the_limit(served: Served, manager: EmbeddedManager) -> None:
    manager.upsert(draw("root"))
    with served.over(manager, body_bytes=2_000) as address, closing(open_manager(address, key=KEY)) as remote:
        refused = raised_by(remote, "trigger", [Trigger("default", "graph", {"x": "x" * 2_000}, validated=True)])

    assert refused[:2] == (RequestTooLarge, {"size": 2_201, "limit": 2_000})
    assert "2,000" in refused[2]
    assert "--body-limit" in refused[2]


def test_reports_that_are_too_large_together_are_told_one_after_the_other(
    served: Served, manager: EmbeddedManager, clock: Clock
) -> None:
    with served.over(manager, body_bytes=5_000) as address, closing(open_manager(address, key=KEY)) as remote:
        begun = begin(remote, clock, draw("root* > work, work > end"))
        begun.reach("work", root=numbers(8))
        begun.exchange(*(report(claim, give({"x": "x" * 1_500})) for claim in begun.held))
        begun.work()

    assert begun_status(manager, begun.run_id) == ("SUCCESS", 24)


def test_a_report_that_is_too_large_alone_fails_its_state_and_no_other(
    served: Served, manager: EmbeddedManager, clock: Clock
) -> None:
    with served.over(manager, body_bytes=5_000) as address, closing(open_manager(address, key=KEY)) as remote:
        begun = begin(remote, clock, draw("root* > work"))
        begun.reach("work", root=numbers(3))
        large, *others = begun.held
        begun.exchange(report(large, give({"x": "x" * 6_000})), *(report(claim, give({})) for claim in others))
    failed = manager.state(large.state_id)

    assert failed.status == "ERRORED"
    assert failed.error is not None
    assert "--body-limit" in failed.error.message
    assert begun_status(manager, begun.run_id) == ("FAILED", 6)


class _Narrow(_Gateway):
    def do_POST(self) -> None:
        if not self.path.endswith("/exchange_hosted"):
            self.do_GET()
            return
        self.send_response(413)
        self.end_headers()


def test_where_not_even_an_empty_exchange_is_taken_that_is_said() -> None:
    with gateway(_Narrow) as address, closing(open_manager(address)) as remote:
        session = remote.open_session("runtime", serves(draw("root")))
        with pytest.raises(RequestTooLarge, match="--body-limit"):
            remote.exchange(session, [], 1)


def begun_status(manager: Manager, run_id: str) -> tuple[str, int]:
    """Return how a run ended, and how many states it has."""
    return manager.run(run_id).status, sum(node.total for node in manager.progress(run_id))
