"""Measures, in a pytest session, how much of its graphs the tests take; with xdist the workers tell the controller."""

from __future__ import annotations

from typing import Any

import pytest

from exodsl.api.ending import observe_endings
from exodsl.testing.coverage import Coverage

_SENT = "exodsl_coverage"


class Measuring:
    """The hooks that collect and report; registered only where `--exodsl-coverage` asks for it.

    :param least: the session fails below this percentage, `None` for never.
    """

    def __init__(self, least: float | None) -> None:
        self._least = least
        self._coverage = Coverage()
        self._stop = observe_endings(self._coverage.add)

    def pytest_unconfigure(self) -> None:
        """Watch no longer."""
        self._stop()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker has seen, before it is gone; a worker that crashed sends nothing."""
        self._coverage.merge(getattr(node, "workeroutput", {}).get(_SENT, {}))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send what was seen to the controller; or let a session fail that took too little."""
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

    @property
    def _too_little(self) -> bool:
        return self._least is not None and self._coverage.percent < self._least
