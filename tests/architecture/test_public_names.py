"""The public list of names is complete, in order, and each name says what it is for."""

import inspect

import pytest

import exodsl


def test_the_list_of_public_names_is_sorted_and_has_no_name_twice() -> None:
    assert list(exodsl.__all__) == sorted(set(exodsl.__all__))


def test_dir_shows_the_public_names_and_no_others() -> None:
    assert dir(exodsl) == list(exodsl.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        getattr(exodsl, "no_such_name")  # noqa: B009


@pytest.mark.parametrize("name", exodsl.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert hasattr(exodsl, name)


@pytest.mark.parametrize("name", exodsl.__all__)
def test_every_public_class_and_function_has_a_docstring_of_its_own(name: str) -> None:
    value = getattr(exodsl, name)
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        pytest.skip("a constant or an alias cannot carry a docstring")

    text = value.__doc__ or ""

    assert text.strip(), f"`exodsl.{name}` has no docstring"
    assert not text.startswith(f"{name}("), f"the docstring of `exodsl.{name}` is the one dataclasses makes up"
