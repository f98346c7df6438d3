"""The pictures in the documentation show the inspector as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.screenshots.__main__ import FOLDER, draw, pictures
from tests.screenshots.sample import Sample, sample

NAMES = sorted(path.stem for path in FOLDER.glob("*.svg"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    with sample(tmp_path_factory.mktemp("screens")) as made:
        yield made


def test_there_is_nothing_but_these_pictures(runs: Sample) -> None:
    assert sorted(picture.name for picture in pictures(runs)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_current(runs: Sample, name: str) -> None:
    picture = next(picture for picture in pictures(runs) if picture.name == name)

    assert draw(runs, picture) + "\n" == (FOLDER / f"{name}.svg").read_text(), "draw them anew: nox -s screenshots"


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_asks_nobody_for_fonts_and_names_no_place(name: str) -> None:
    svg = (FOLDER / f"{name}.svg").read_text()

    assert "url(" not in svg.replace("url(#", "")
    assert str(Path.home()) not in svg
