"""A server of ours, and schemathesis, which asks it whatever its description allows, and what it does not."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.server.conftest import KEY, Outside

CHECKS = "not_a_server_error,content_type_conformance,response_schema_conformance"
PHASES = "examples,coverage,fuzzing"


def main() -> int:
    """Fuzz a new server; return schemathesis's exit code."""
    with tempfile.TemporaryDirectory() as folder:
        outside = Outside(Path(folder))
        try:
            url = f"{outside.start().url}/openapi.json"
            options = [
                "--header",
                f"x-api-key: {KEY}",
                "--checks",
                CHECKS,
                "--phases",
                PHASES,
                "--request-timeout",
                "20",
            ]
            command = ["schemathesis", "run", url, *options, *sys.argv[1:]]
            return subprocess.run(command, cwd=folder, check=False).returncode  # it keeps a folder of its own there
        finally:
            outside.end()


if __name__ == "__main__":
    sys.exit(main())
