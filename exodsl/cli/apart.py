"""Templates that are compiled in a process of their own: two versions of a module cannot be loaded side by side."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from exodsl.errors import TargetError
from exodsl.template.models import GraphTemplate

_AT_REVISION = re.compile(r"git:(?P<revision>[^:]+):(?P<target>.+)")
_EXPORT = "from exodsl.cli import main; main()"
_OURS = Path(__file__).parents[2]


def at_revision(target: str) -> bool:
    """Say whether a target names a git revision: `git:HEAD~1:file.py:graph`."""
    return target.startswith("git:")


def compiled_apart(target: str) -> GraphTemplate:
    """Return the checked template of a target in Python, or of any target at a git revision.

    A path at a revision counts from the working folder, like any other.

    :raises TargetError: when it cannot be loaded or does not pass its checks, or there is no such revision.
    """
    if not at_revision(target):
        return _compiled(target, Path.cwd(), sys.path)
    found = _AT_REVISION.fullmatch(target)
    if found is None:
        raise TargetError(f'"{target}" is no target. Write git:REVISION:file.py, such as git:HEAD~1:words.py.')
    with _checked_out(found["revision"]) as copy:
        try:
            return _compiled(found["target"], copy.folder, copy.paths())
        except TargetError as error:
            raise TargetError(f"At revision {found['revision']}: {error}") from error


def _compiled(target: str, folder: Path, paths: Sequence[str]) -> GraphTemplate:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-P", "-c", _EXPORT, "export", "--whole", "--", target]
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        raise TargetError(done.stderr.strip() or f'"{target}" ends the Python that loads it, with {done.returncode}.')
    try:
        return GraphTemplate.model_validate_json(done.stdout)
    except ValidationError as error:
        raise TargetError(f'"{target}" writes to stdout behind the back of Python, where its template goes.') from error


@dataclass(frozen=True)
class _Copy:
    """The files of a revision.

    :param top: where the repository lies.
    :param root: where the files were written to.
    :param folder: what is the working folder there.
    """

    top: Path
    root: Path
    folder: Path

    def paths(self) -> list[str]:
        """Return where Python looks: in the copy instead of in the repository, but for exodsl itself."""
        inside = [path for path in map(Path, filter(None, sys.path)) if path.is_relative_to(self.top) and path != _OURS]
        return [*(str(self.root / path.relative_to(self.top)) for path in inside), *sys.path]


@contextmanager
def _checked_out(revision: str) -> Generator[_Copy]:
    """Write the files of a revision to a folder of their own; neither index nor work tree of the repository change."""
    top = Path(_git("rev-parse", "--show-toplevel"))
    prefix = _git("rev-parse", "--show-prefix")
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", revision=revision)
    with TemporaryDirectory(prefix="exodsl-") as scratch:
        root = Path(scratch, "files")
        root.mkdir()
        apart = {"GIT_INDEX_FILE": str(Path(scratch, "index")), "GIT_LFS_SKIP_SMUDGE": "1"}
        _git("-C", str(top), "read-tree", commit, settings=apart)
        _git("-C", str(top), "checkout-index", "--all", "--quiet", f"--prefix={root}/", settings=apart)
        folder = root / prefix
        if not folder.is_dir():
            raise TargetError(f'At revision {revision} there is no folder "{prefix}".')
        yield _Copy(top, root, folder)


def _git(*words: str, revision: str = "", settings: Mapping[str, str] | None = None) -> str:
    """Return what git answers; :raises TargetError: with what it complains about."""
    try:
        done = subprocess.run(
            ["git", *words], env={**os.environ, **(settings or {})}, capture_output=True, encoding="utf-8"
        )
    except FileNotFoundError:
        raise TargetError("A target git:REVISION:FILE needs git, which is not installed.") from None
    if done.returncode:
        said = done.stderr.strip().partition("\n")[0].removeprefix("fatal: ")
        raise TargetError(f"git: {said}" if said else f'git knows no revision "{revision}".')
    return done.stdout.strip("\n")
