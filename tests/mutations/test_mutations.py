"""The mutants fit the code as it is, and the script that tries them tells the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutations.__main__ import NOT_TRIED, ROOT, SURVIVED, main
from tests.mutations.mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_the_code_and_its_tests_are_there(mutant: Mutant) -> None:
    assert mutant.applied(ROOT) != (ROOT / mutant.file).read_text()
    assert all((ROOT / test).is_file() for test in mutant.tests)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tiny product with one test."""
    (tmp_path / "product.py").write_text("def half(n: int) -> int:\n    return n // 2\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_half.py").write_text(
        "from product import half\n\n\ndef test_half_of_four() -> None:\n    assert half(4) == 2\n"
    )
    return tmp_path


def half(new: str) -> Mutant:
    """Return a mutant of the tiny product."""
    return Mutant(new, "product.py", "n // 2", new, ("tests/test_half.py",))


def test_what_is_noticed_names_its_test_and_what_survives_fails(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([], root=tree, mutants=[half("n // 3"), half("n - 2")])
    lines = capsys.readouterr().out.splitlines()

    assert code == SURVIVED
    assert lines[2].startswith("| n // 3 | product.py | test_half.py::test_half_of_four |")
    assert lines[3].startswith("| n - 2 | product.py | **nobody** |")
    assert lines[-1] == "1 of 2 mutants were noticed."


@pytest.mark.parametrize(
    ("mutant", "says"),
    [
        (Mutant("old", "product.py", "n / 2", "", ("tests/test_half.py",)), "stands there 0 times"),
        (half("n //"), "pytest ended with 2"),
    ],
)
def test_what_cannot_be_tried_is_said(
    tree: Path, capsys: pytest.CaptureFixture[str], mutant: Mutant, says: str
) -> None:
    assert main([], root=tree, mutants=[mutant]) == NOT_TRIED
    assert says in capsys.readouterr().err


def test_a_suite_that_is_red_already_proves_nothing(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "product.py").write_text("def half(n: int) -> int:\n    return n // 2 + 1\n")

    assert main([], root=tree, mutants=[half("n")]) == NOT_TRIED
    assert "test_half_of_four fails without any mutant" in capsys.readouterr().err
