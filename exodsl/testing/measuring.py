"""Measures, in a pytest session, how much of its graphs the tests take.

With xdist the workers tell the controller; other processes that tests start leave files in a folder.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from exodsl.dsl.body import Body
from exodsl.manager.protocol import StateManager
from exodsl.runtime.endings import OBSERVER_VARIABLE, observe_endings
from exodsl.template.models import GraphTemplate
from exodsl.testing.coverage import Coverage
from exodsl.testing.reporting import FOLDER_VARIABLE, OBSERVER, merge_reports, report

_SENT = "exodsl_coverage"


class Measuring:
    """The hooks that collect and report; registered only where `--exodsl-coverage` asks for it.

    :param least: the session fails below this percentage, `None` for never.
    """

    def __init__(self, least: float | None) -> None:
        self._least = least
        self._coverage = Coverage()
        self._process, self._folder = os.getpid(), Path(tempfile.mkdtemp(prefix="exodsl-coverage-"))
        self._environment = pytest.MonkeyPatch()
        self._environment.setenv(OBSERVER_VARIABLE, OBSERVER)
        self._environment.setenv(FOLDER_VARIABLE, str(self._folder))
        self._stop = observe_endings(self._observe)

    def pytest_unconfigure(self) -> None:
        """Watch no longer."""
        self._stop()
        self._environment.undo()
        shutil.rmtree(self._folder, ignore_errors=True)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker has seen, before it is gone; a worker that crashed sends nothing."""
        self._coverage.merge(getattr(node, "workeroutput", {}).get(_SENT, {}))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send what was seen to the controller; or let a session fail that took too little."""
        merge_reports(self._folder, self._coverage)
        sent: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if sent is not None:
            sent[_SENT] = self._coverage.data()
        elif self._too_little and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what was never taken."""
        terminalreporter.write_sep("=", "exodsl coverage")
        for line in self._coverage.lines():
            terminalreporter.write_line(line)
        if self._too_little:
            said = f"FAIL: {self._coverage.percent:.4g} % of the ways were taken, fewer than {self._least:g} %"
            terminalreporter.write_line(said, red=True, bold=True)

    def _observe(self, manager: StateManager, run_id: str, template: GraphTemplate, bodies: Mapping[str, Body]) -> None:
        # What a forked process counted would be lost with it.
        count = self._coverage.add if os.getpid() == self._process else report
        count(manager, run_id, template, bodies)

    @property
    def _too_little(self) -> bool:
        return self._least is not None and self._coverage.percent < self._least
