"""A server over a real database, called in this process, and what Exosphere's SDK would say to it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncBaseTransport, AsyncClient, Response
from pydantic import SecretStr

from exodsl.manager.embedded import EmbeddedManager
from exodsl.manager.opening import open_embedded
from exodsl.server.app import make_app
from exodsl.server.settings import Settings
from tests.manager.byhand import Clock

KEY = "the-key"
LEASE_MS = 20_000


class Client:
    """Calls an app in this process, or a server elsewhere, from code that is not async; it shows the key."""

    def __init__(self, app: Any = None, url: str = "http://server") -> None:
        self.app = app
        self._runner = asyncio.Runner()
        transport: AsyncBaseTransport | None = None if app is None else ASGITransport(app)
        self._http = AsyncClient(transport=transport, base_url=url, headers={"x-api-key": KEY}, timeout=20)

    def request(self, method: str, url: str, **parts: Any) -> Response:
        """Return the answer to one request."""
        return self._runner.run(self._http.request(method, url, **parts))

    def get(self, url: str, **parts: Any) -> Response:
        """Return the answer to a GET."""
        return self.request("GET", url, **parts)

    def put(self, url: str, **parts: Any) -> Response:
        """Return the answer to a PUT."""
        return self.request("PUT", url, **parts)

    def post(self, url: str, **parts: Any) -> Response:
        """Return the answer to a POST."""
        return self.request("POST", url, **parts)

    def together(self, *requests: tuple[str, Any]) -> list[Response]:
        """Return the answers to POSTs of JSON to some paths, all at once."""

        async def all_of_them() -> list[Response]:
            return await asyncio.gather(*(self._http.post(url, json=body) for url, body in requests))

        return self._runner.run(all_of_them())

    def close(self) -> None:
        """End its event loop."""
        self._runner.run(self._http.aclose())
        self._runner.close()


Serve = Callable[..., Client]
Manage = Callable[[], EmbeddedManager]


@pytest.fixture
def clock() -> Clock:
    """Time that passes only when a test says so."""
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database lies."""
    return tmp_path / "exodsl.db"


@pytest.fixture
def manage(shared: str, clock: Clock) -> Iterator[Manage]:
    """Open one more state manager over the database, as another server process would."""
    with managing(shared, clock) as manage:
        yield manage


@contextmanager
def managing(database: str, clock: Clock) -> Iterator[Manage]:
    """Give what opens state managers over a database; they are closed at the end."""
    opened: list[EmbeddedManager] = []

    def manage() -> EmbeddedManager:
        opened.append(open_embedded(database, durability="normal", clock=clock, seed=1))
        return opened[-1]

    yield manage
    for manager in opened:
        manager.close()


@pytest.fixture
def manager(manage: Manage) -> EmbeddedManager:
    """The state manager behind the server."""
    return manage()


@pytest.fixture
def serve(manager: EmbeddedManager) -> Iterator[Serve]:
    """Return a caller of a server that is set up like this; it shows the key."""

    clients: list[Client] = []

    def serve(over: EmbeddedManager = manager, key: str | None = KEY, **settings: Any) -> Client:
        secret = None if key is None else SecretStr(key)
        app = make_app(over, Settings(**{"key": secret, "lease_ms": LEASE_MS, **settings}))
        clients.append(Client(app))
        return clients[-1]

    yield serve
    for client in clients:
        client.app.state.desk.close()
        client.close()


@pytest.fixture
def client(serve: Serve) -> Client:
    """A caller of the server."""
    return serve()


def texts(*names: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the schema of a model whose fields are texts."""
    fields = {name: {"type": "string", "title": name} for name in (*names, *optional)}
    required: dict[str, Any] = {"required": list(names)} if names else {}
    return {"title": "Model", "type": "object", "properties": fields, **required}


def node(name: str, takes: str = "", gives: str = "", optional: str = "", secrets: str = "") -> dict[str, Any]:
    """Return a node as the SDK registers it; fields are given by their names, with blanks between them."""
    return {
        "name": name,
        "namespace": "said per node, and ignored",
        "inputs_schema": texts(*takes.split(), optional=tuple(optional.split())),
        "outputs_schema": texts(*gives.split()),
        "secrets": secrets.split(),
    }


def place(identifier: str, *following: str, node_name: str | None = None, **inputs: str) -> dict[str, Any]:
    """Return a place in a graph, as the SDK sends it."""
    return {
        "node_name": node_name or identifier.capitalize(),
        "namespace": "space",
        "identifier": identifier,
        "inputs": inputs,
        "next_nodes": list(following) or None,
        "unites": None,
    }


@dataclass
class Caller:
    """Calls the endpoints of one namespace, and expects that they do what they are asked."""

    client: Client
    namespace: str = "space"
    held: list[dict[str, Any]] = field(default_factory=list)

    def url(self, path: str) -> str:
        """Return a path below the namespace."""
        return f"/v0/namespace/{self.namespace}/{path}"

    def get(self, path: str) -> Any:
        """Return what is there."""
        return _expected(self.client.get(self.url(path)))

    def register(self, *nodes: Mapping[str, Any]) -> Any:
        """Register nodes of a runtime."""
        body = {"runtime_name": "tests", "runtime_namespace": self.namespace, "nodes": list(nodes)}
        return _expected(self.client.put(self.url("nodes/"), json=body))

    def upsert(self, *places: Mapping[str, Any], name: str = "graph", **parts: Any) -> Any:
        """Store a graph."""
        body = {"nodes": list(places), "secrets": {}, **parts}
        return _expected(self.client.put(self.url(f"graph/{name}"), json=body), 201)

    def trigger(self, name: str = "graph", store: Mapping[str, str] = {}, start_delay: int = 0, **inputs: str) -> str:
        """Start a run; return its id."""
        body = {"start_delay": start_delay, "inputs": inputs, "store": dict(store)}
        run_id: str = _expected(self.client.post(self.url(f"graph/{name}/trigger"), json=body))["run_id"]
        return run_id

    def claim(self, *nodes: str, count: int = 16) -> list[dict[str, Any]]:
        """Claim states."""
        answer = _expected(
            self.client.post(self.url("states/enqueue"), json={"nodes": list(nodes), "batch_size": count})
        )
        states: list[dict[str, Any]] = answer["states"]
        return states

    def one(self, node_name: str) -> str:
        """Claim the only state of a node; return its id."""
        (state,) = self.claim(node_name)
        return str(state["state_id"])

    def tell(self, state_id: str, what: str, **body: Any) -> Response:
        """Report a state."""
        return self.client.post(self.url(f"state/{state_id}/{what}"), json=body)

    def executed(self, state_id: str, *outputs: Mapping[str, str]) -> Any:
        """Report outputs."""
        return _expected(self.tell(state_id, "executed", outputs=list(outputs)))

    def states(self, run_id: str) -> list[tuple[str, str]]:
        """Return identifier and status of every state of a run."""
        nodes = self.get(f"states/run/{run_id}/graph")["nodes"]
        return [(node["identifier"], node["status"]) for node in nodes]

    def run(self, run_id: str) -> dict[str, Any]:
        """Return a run as it is listed."""
        return next(run for run in self.get("runs/1/100")["runs"] if run["run_id"] == run_id)

    def ready(self, *places: Mapping[str, Any], nodes: tuple[Mapping[str, Any], ...], **parts: Any) -> Any:
        """Register nodes, and store a graph that fits them."""
        self.register(*nodes)
        graph = self.upsert(*places, **parts)
        assert graph["validation_status"] == "VALID", graph["validation_errors"]
        return graph


def _expected(response: Response, status: int = 200) -> Any:
    assert response.status_code == status, response.text
    return response.json()


@pytest.fixture
def caller(client: Client) -> Caller:
    """A caller of the endpoints of one namespace."""
    return Caller(client)


def digest(text: str) -> str:
    """Return the digest of a key as its file has it."""
    return sha256(text.encode()).hexdigest()


# Servers as processes

ROOT = Path(__file__).parents[2]
_START = "import sys; from exodsl.cli import main; sys.exit(main())"


@dataclass
class Process:
    """A server that runs as a process of its own."""

    process: subprocess.Popen[str]
    said: str
    clients: list[Client]
    _asking: ThreadPoolExecutor = field(default_factory=ThreadPoolExecutor)

    @property
    def url(self) -> str:
        """Where it serves."""
        return next(word for word in self.said.split() if word.startswith("http://"))

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of that."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)

    def caller(self, namespace: str = "space") -> Caller:
        """Return a caller of it."""
        self.clients.append(Client(url=self.url))
        return Caller(self.clients[-1], namespace)

    def ask(self, method: str, path: str, body: str) -> Future[str]:
        """Send a request from another thread; its answer is text."""
        return self._asking.submit(_asked, self.url, method, path, body)

    def until(self, line: str) -> None:
        """Wait until its metrics have a line."""
        client = self.caller().client
        for _ in range(200):
            if line in client.get("/metrics").text.splitlines():
                return
            self.pause(0.02)
        raise AssertionError(f"never: {line}")

    def pause(self, seconds: float) -> None:
        """Let another process work."""
        time.sleep(seconds)


def _asked(url: str, method: str, path: str, body: str) -> str:
    client = Client(url=url)
    answer = client.request(method, path, content=body, headers={"content-type": "application/json"})
    client.close()
    return f"{answer.http_version} {answer.status_code} {answer.text}"


@dataclass
class Outside:
    """Starts servers on one database in a folder."""

    folder: Path
    servers: list[Process] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)

    def start(self, *words: str) -> Process:
        """Start a server on a free port, and wait until it serves."""
        process = self._popen(["--db", "exodsl.db", "--port", "0", *words])
        assert process.stderr is not None
        said = process.stderr.readline()
        assert said.startswith("serving"), said + process.stderr.read()
        self.servers.append(Process(process, said, self.clients))
        return self.servers[-1]

    def _popen(self, words: list[str]) -> subprocess.Popen[str]:
        settings = ("PYTHON", "EXODSL_", "EXOSPHERE_", "COV_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
        environment = kept | {"PYTHONPATH": str(ROOT), "STATE_MANAGER_SECRET": KEY}
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-c", _START, "serve", *words]
        return subprocess.Popen(command, cwd=self.folder, env=environment, text=True, **pipes)

    def end(self) -> None:
        """End whatever still serves."""
        for client in self.clients:
            client.close()
        for server in self.servers:
            server.process.kill()
            server.process.communicate(timeout=20)


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    """Servers as processes, in a folder of their own."""
    outside = Outside(tmp_path)
    yield outside
    outside.end()
