"""`exodsl init`: a small project that works, to start from."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from exodsl.cli.exits import answer
from exodsl.errors import TargetError

FILES = {
    "words.py": "words.py.txt",
    "test_words.py": "test_words.py.txt",
    "__snapshots__/test_words/test_the_graph_is_the_one_that_was_reviewed.txt": "graph.txt",
    ".gitignore": "gitignore.txt",
}
Folder = Annotated[str, typer.Argument(metavar="DIR", help="The folder to write to; made where there is none.")]


def init(folder: Folder) -> None:
    """Write a small workflow and its tests into a folder; nothing that is there is overwritten.

    Examples:

      exodsl init words
      cd words && exodsl run words.py --input document="One. Two words."
    """
    root = Path(folder)
    _refuse_to_overwrite(root)
    try:
        for name, source in FILES.items():
            text = resources.files("exodsl.cli").joinpath("project", source).read_text("utf-8")
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, "utf-8")
    except OSError as error:
        raise TargetError(f'"{folder}" cannot be written: {error.strerror}.') from error
    answer(_next_steps(root))


def _refuse_to_overwrite(root: Path) -> None:
    if root.exists() and not root.is_dir():
        raise TargetError(f'"{root}" is a file. Name a folder.')
    there = [name for name in FILES if (root / name).exists()]
    if there:
        raise TargetError(f'"{root}" has {", ".join(there)} already. Name another folder.')


def _next_steps(root: Path) -> str:
    return "\n".join(
        [
            f"Wrote {len(FILES)} files to {root}. Next:",
            f"  cd {root}",
            '  exodsl run words.py --input document="One sentence. And one more."',
            "  exodsl show words.py",
            '  python -m pytest             # pip install "exodsl[testing]" brings what it needs',
        ]
    )
