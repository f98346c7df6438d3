"""`exodsl serve` as a process: how it starts, and how it ends."""

from __future__ import annotations

import signal
import socket
import sqlite3
from contextlib import closing

from tests.server.conftest import Outside, digest, node, place


def test_it_says_where_it_serves_and_ends_well(outside: Outside) -> None:
    """Also after calls that are no HTTP."""
    server = outside.start()
    for words in (b"\x00\xff\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST /v0 HTTP/1.1\r\nContent-Length: -1\r\n\r\n"):
        with socket.create_connection(server.address, timeout=5) as raw:
            raw.sendall(words)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4096):
                pass
    assert server.caller().client.get("/health").json() == {"message": "OK"}
    server.process.send_signal(signal.SIGTERM)
    _, err = server.process.communicate(timeout=20)

    assert (server.process.returncode, "Traceback" in err) == (0, False)
    assert server.said == f"serving exodsl.db on {server.url} with the key in STATE_MANAGER_SECRET\n"


def test_it_says_where_its_keys_are(outside: Outside) -> None:
    """The name of a key that was refused is in the log, and the key is not."""
    (outside.folder / "keys.toml").write_text(f'[reports]\nsha256 = "{digest("limited")}"\nnamespaces = ["reports"]\n')
    server = outside.start("--keys", "keys.toml")
    shown = {"x-api-key": "limited"}
    urls = [f"/v0/namespace/{namespace}/graphs/" for namespace in ("reports", "billing")]
    answers = [server.caller().client.get(url, headers=shown).status_code for url in urls]
    server.process.terminate()
    _, err = server.process.communicate(timeout=20)

    assert (server.said.partition(" with ")[2], answers) == (
        "the keys in STATE_MANAGER_SECRET and keys.toml\n",
        [200, 403],
    )
    assert ('Key "reports" was refused at GET' in err, "limited" in err) == (True, False)


def test_interrupted_by_hand_it_ends_well_too(outside: Outside) -> None:
    server = outside.start()
    server.process.send_signal(signal.SIGINT)

    assert server.process.wait(20) == 0


def test_a_killed_server_takes_nothing_along(outside: Outside) -> None:
    """What was handed out stays with who has it, and the next server takes the report."""
    first = outside.start()
    caller = first.caller()
    caller.ready(place("a"), nodes=(node("A"),))
    run = caller.trigger()
    state = caller.one("A")
    first.process.kill()
    first.process.wait(20)
    after = outside.start().caller()
    assert after.claim("A") == []
    after.executed(state)

    assert after.run(run)["status"] == "SUCCESS"


def test_what_is_kept_too_long_is_put_back_though_nobody_asks(outside: Outside) -> None:
    server = outside.start("--lease", "50ms")
    caller = server.caller()
    caller.ready(place("a"), nodes=(node("A"),))
    run = caller.trigger()
    caller.one("A")
    for _ in range(100):
        if caller.states(run) == [("a", "CREATED")]:
            return
        server.pause(0.1)
    raise AssertionError(caller.states(run))


def test_a_request_that_is_under_way_is_answered_before_the_end(outside: Outside) -> None:
    server = outside.start()
    caller = server.caller()
    caller.ready(place("a"), nodes=(node("A"),))
    with closing(sqlite3.connect(outside.folder / "exodsl.db", isolation_level=None)) as other, other:
        other.execute("BEGIN IMMEDIATE")
        asked = server.ask("POST", caller.url("graph/graph/trigger"), "{}")
        server.until("exodsl_http_requests_under_way 2.0")
        server.process.send_signal(signal.SIGTERM)
        other.execute("COMMIT")

    assert asked.result(20).startswith("HTTP/1.1 200")
    assert server.process.wait(20) == 0
