"""Runtimes that know a server alone, which is killed and started again in the middle: every outcome counts once."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from subprocess import Popen

import pytest

from exodsl.manager.opening import open_embedded, open_manager
from exodsl.manager.protocol import Trigger
from tests.acceptance.conftest import Start
from tests.acceptance.test_runtimes import FAN

RUNS = 6


@pytest.fixture
def port() -> int:
    """A port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        found: int = free.getsockname()[1]
    return found


@pytest.fixture
def begun(start: Start) -> Iterator[Callable[..., Popen[str]]]:
    """Starts `exodsl`, and waits until it serves; whatever still runs is killed at the end."""
    with ExitStack() as stack:

        def begun(*words: str) -> Popen[str]:
            process = stack.enter_context(start(*words))
            stack.callback(process.kill)
            assert process.stderr is not None
            said = process.stderr.readline()
            assert " serv" in f" {said}", said
            return process

        yield begun


def test_a_server_that_is_killed_and_started_again_loses_nothing_and_counts_nothing_twice(
    begun: Callable[..., Popen[str]], call: Callable[..., str], tmp_path: Path, port: int
) -> None:
    (tmp_path / "fan.py").write_text(FAN, "utf-8")
    url, notes = f"http://127.0.0.1:{port}", tmp_path / "notes"
    served = ("serve", "--db", "fan.db", "--port", str(port))
    server = begun(*served)
    runtimes = [begun("runtime", "fan.py", "--db", url, "--workers", "2", "--grace", "1") for _ in range(2)]
    ids = [call("trigger", "fan", "--input", "run=0", "--db", url).strip()]
    with closing(open_manager(url)) as remote:
        ids += remote.trigger([Trigger("default", "fan", {"run": run}) for run in range(1, RUNS)])
        while not notes.exists() or notes.read_text().count("work") < 5:
            pass
        server.kill()
        server.wait()
        again = begun(*served)
        while any(remote.run(run).status == "RUNNING" for run in ids):
            pass
    for process in (runtimes[0], again):
        process.terminate()
        assert process.wait(timeout=20) == 0
    runtimes[1].terminate()  # without a server it can hand nothing back, and says so
    complaint = runtimes[1].communicate(timeout=20)[1].splitlines()[-1]

    with closing(open_embedded(str(tmp_path / "fan.db"))) as manager:
        ended = {run.run_id: run.status for run in manager.runs().items}
        successes = {run: [node.success for node in manager.progress(run)] for run in ended}

    assert (runtimes[1].returncode, complaint.partition(": ")[0]) == (2, f'The server "{url}" cannot be reached')
    assert ended == dict.fromkeys(ids, "SUCCESS")
    assert successes == {run: [10, 10, 1] for run in ids}
