"""The files of deploying.md are well-formed, say the same, and what they start works, and ends in time."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from configparser import ConfigParser
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer.main
import yaml
from dockerfile_parse import DockerfileParser

from exodsl.cli.app import app
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import Trigger
from tests.cli.conftest import WORDS
from tests.docs.fenced import fenced_blocks

DOCS = Path(__file__).parents[2] / "docs"
DEPLOY = DOCS / "deploy"
START = "import sys; from exodsl.cli import main; sys.exit(main())"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
MANIFESTS: list[dict[str, Any]] = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
PODS = ("exodsl-server", "words-runtime")
UNITS = sorted(DEPLOY.glob("*.service"))
GIVEN = {"POSTGRES_PASSWORD": "nobody asks", "STATE_MANAGER_SECRET": "the-key"}
MOST_S = 60
Begin = Callable[..., "subprocess.Popen[str]"]


def manifest(kind: str, name: str) -> Any:
    """Return what one manifest says."""
    return next(one for one in MANIFESTS if (one["kind"], one["metadata"]["name"]) == (kind, name))


def pod(name: str) -> Any:
    """Return the pod of a deployment."""
    return manifest("Deployment", name)["spec"]["template"]["spec"]


def container(name: str) -> Any:
    """Return the only container of the pod."""
    (found,) = pod(name)["containers"]
    return found


def unit(file: Path) -> ConfigParser:
    """Return what a unit of systemd says."""
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(file)
    return parser


def seconds(text: str) -> int:
    """Return a time such as `45s`."""
    return int(text.removesuffix("s"))


def stops() -> dict[str, tuple[list[str], int]]:
    """Return each command that is deployed somewhere, without `exodsl`, and how long it is waited for."""
    found = {f"compose {name}": (one["command"], seconds(one["stop_grace_period"])) for name, one in SERVICES.items()
             if "command" in one}  # fmt: skip
    for name in PODS:
        found[f"kubernetes {name}"] = container(name)["args"], pod(name)["terminationGracePeriodSeconds"]
    for file in UNITS:
        service = unit(file)["Service"]
        found[f"systemd {file.stem}"] = shlex.split(service["ExecStart"])[1:], int(service["TimeoutStopSec"])
    return found


STOPS = stops()


def test_the_page_shows_the_files_as_they_are() -> None:
    blocks = fenced_blocks((DOCS / "deploying.md").read_text())
    shown = {block.title: f"{block.text}\n" for block in blocks if block.title}

    assert shown == {f"deploy/{file.name}": file.read_text() for file in DEPLOY.iterdir()}


@pytest.mark.parametrize("one", MANIFESTS, ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_a_manifest_fits_the_schemas_of_kubernetes(one: dict[str, Any]) -> None:
    kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)


def test_what_manifests_name_is_there() -> None:
    secrets = {one["metadata"]["name"] for one in MANIFESTS if one["kind"] == "Secret"}
    named = [source["secretRef"]["name"] for name in PODS for source in container(name)["envFrom"]]
    labels = manifest("Deployment", "exodsl-server")["spec"]["template"]["metadata"]["labels"]

    assert set(named) == secrets
    assert [name for name in PODS if not {"startupProbe", "livenessProbe"} <= set(container(name))] == []
    assert manifest("Service", "exodsl-server")["spec"]["selector"] == labels
    assert manifest("PodDisruptionBudget", "exodsl-server")["spec"]["selector"]["matchLabels"] == labels


@pytest.mark.parametrize("where", STOPS)
def test_a_command_exists_and_has_more_time_to_end_than_it_takes(where: str) -> None:
    (name, *words), patience = STOPS[where]
    options = {option for param in typer.main.get_command(app).commands[name].params for option in param.opts}  # type: ignore[attr-defined]
    grace = int(words[words.index("--grace") + 1]) if "--grace" in words else 10

    assert {word for word in words if word.startswith("--")} <= options
    assert grace < patience


def test_the_image_and_each_place_of_it_start_the_same() -> None:
    image = DockerfileParser(str(DEPLOY))
    said = {one["instruction"]: one["value"] for one in image.structure}
    server, runtime = SERVICES["server"]["command"], SERVICES["runtime"]["command"]

    assert json.loads(said["ENTRYPOINT"]) == ["exodsl"]
    assert json.loads(said["CMD"]) == STOPS["kubernetes words-runtime"][0] == runtime
    assert STOPS["kubernetes exodsl-server"][0] == server


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd")
@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_systemd_takes_a_unit(file: Path, tmp_path: Path) -> None:
    program = tmp_path / "exodsl"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    copy = tmp_path / file.name.replace("@", "@1")
    copy.write_text(re.sub(r"ExecStart=\S+", f"ExecStart={program}", file.read_text()))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True)

    assert (done.returncode, [line for line in done.stderr.splitlines() if file.stem in line]) == (0, [])


def told(environment: Mapping[str, str], places: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a service, with what is given by whoever starts it, at the places of a test."""
    found = {name: re.sub(r"\$\{(\w+):[?-]\}", lambda at: GIVEN.get(at[1], ""), value)
             for name, value in environment.items()}  # fmt: skip
    for place, real in places.items():
        found = {name: real if place in value else value for name, value in found.items()}
    return found


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Starts the process of a service of the compose file, and waits until it serves."""
    (tmp_path / "words.py").write_text(WORDS)
    started: list[subprocess.Popen[str]] = []
    numbers = count()

    def begin(name: str, places: Mapping[str, str], **words: str) -> subprocess.Popen[str]:
        service = SERVICES[name]
        alive = str(tmp_path / f"alive-{next(numbers)}")
        swapped = {"/tmp/alive": alive, **words}
        command: list[str] = [swapped.get(word, word) for word in map(str, service["command"])]
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("EXODSL_", "EXOSPHERE_"))}
        process = subprocess.Popen(
            [sys.executable, "-c", START, *command],
            cwd=tmp_path,
            env={**kept, **told(service["environment"], places)},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "serv" in line, line + process.stderr.read()
        if "--alive" in command:
            check = service["healthcheck"]["test"][1].replace("/tmp/alive", alive)
            assert subprocess.run(["sh", "-c", check], check=False).returncode == 0
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str], name: str) -> int:
    """Stop a process as its service is stopped; return its exit code."""
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=seconds(SERVICES[name]["stop_grace_period"]))
    return process.returncode


def test_what_the_compose_file_starts_works_and_ends_in_time(
    begin: Begin, postgres_uri: str, unused_tcp_port: int
) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    places = {"@database/": postgres_uri, "http://server:8000": url}
    server = begin("server", places, **{"8000": str(unused_tcp_port)})
    runtimes = [begin("runtime", places) for _ in range(SERVICES["runtime"]["deploy"]["replicas"])]
    with closing(open_manager(url, key=GIVEN["STATE_MANAGER_SECRET"])) as manager:
        text = ". ".join(["One more sentence"] * 20)
        triggered = manager.trigger([Trigger("default", "word-count", {"document": text})] * 10)
        codes = [ended(runtimes.pop(), "runtime")]
        until = time.monotonic() + MOST_S
        while {manager.run(run_id).status for run_id in triggered} != {"SUCCESS"}:
            assert time.monotonic() < until, [manager.run(run_id) for run_id in triggered]
            time.sleep(0.02)
    codes += [ended(runtimes.pop(), "runtime"), ended(server, "server")]

    assert codes == [0, 0, 0]
