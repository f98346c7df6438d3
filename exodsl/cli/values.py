"""What a command line gives a run: `k=v`, `k=@file` and JSON become inputs and store values."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, cast

from exodsl.errors import InputInvalid

Schema = Mapping[str, Any]
_PAIR = re.compile(r"\w+=")


def read_inputs(pairs: Sequence[str], whole: str | None, schema: Schema | None) -> dict[str, Any]:
    """Return the inputs of `--inputs JSON|@file`, overlaid with each `--input k=v | k=@file`.

    A value is taken as text where the input takes text, otherwise as JSON.

    :param schema: the JSON schema of the run's inputs, if there is one.
    :raises InputInvalid: when an option is malformed, or a file cannot be read.
    """
    given = _object(whole) if whole is not None else {}
    return {**given, **_values("--input", pairs, schema)}


def read_store(pairs: Sequence[str], schema: Schema | None) -> dict[str, Any]:
    """Return the store values of each `--store k=v | k=@file`; as `read_inputs`."""
    return _values("--store", pairs, schema)


def _values(option: str, pairs: Sequence[str], schema: Schema | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    takes_text = _takes_text(schema)
    for pair in pairs:
        name, value = _pair(option, pair, takes_text)
        if name in found:
            raise InputInvalid(
                f'"{name}" is given twice. Give it once; a list is written as JSON: {option} {name}=\'["a", "b"]\''
            )
        found[name] = value
    return found


def _pair(option: str, pair: str, takes_text: Callable[[str], bool | None]) -> tuple[str, Any]:
    name, equals, text = pair.partition("=")
    if not equals or not name.strip():
        raise InputInvalid(f'{option} "{pair}" cannot be read. Write {option} name=value, or name=@file.')
    name = name.strip()
    text = _unfolded(text, f"{option} {name}")
    if takes_text(name):
        return name, text
    try:
        return name, _parsed(text)
    except ValueError:
        return name, text  # the check of the inputs says what was expected instead


def _takes_text(schema: Schema | None) -> Callable[[str], bool | None]:
    """Return what says whether a field takes text; without a schema only what is no JSON is text."""
    if schema is None:
        return lambda name: None
    from exodsl.template.schema_types import ValueType, properties

    fields = properties(ValueType.of(dict(schema)))

    def takes_text(name: str) -> bool | None:
        if name not in fields:
            return None
        kinds = {one.kind for one in fields[name].alternatives()}
        texts = [value for one in fields[name].alternatives() for value in one.values or ()]
        return "string" in kinds or any(isinstance(value, str) for value in texts)

    return takes_text


def _object(whole: str) -> dict[str, Any]:
    text = _unfolded(whole, "--inputs")
    what = f'--inputs: the file "{whole[1:]}"' if _names_file(whole) else "--inputs"
    try:
        found = _parsed(text)
    except ValueError as error:
        raise InputInvalid(f"{what} is no JSON: {error}. {_advice(whole)}") from error
    if not isinstance(found, dict):
        raise InputInvalid(f'{what} must be a JSON object: {{"name": "value"}}.')
    return cast("dict[str, Any]", found)


def _advice(whole: str) -> str:
    """Say what was probably meant."""
    if _names_file(whole):
        return f"To give a text as one input: --input NAME={whole}"
    if _PAIR.match(whole):
        return f"For single inputs there is --input: --input {shlex.quote(whole)}"
    return 'Write --inputs \'{"name": "value"}\'.'


def _names_file(text: str) -> bool:
    return text.startswith("@") and text != "@-" and not text.startswith("@@")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _unfolded(text: str, what: str) -> str:
    """Return the text, or that of the file behind an `@`; `@-` is stdin, and `@@` a plain `@`."""
    if not text.startswith("@"):
        return text
    if text.startswith("@@"):
        return text[1:]
    return read_text(text[1:], what)


def read_text(path: str, what: str) -> str:
    """Return a file's text; :raises InputInvalid: when it cannot be read, naming it and what wanted it."""
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text("utf-8")
    except UnicodeDecodeError as error:
        raise InputInvalid(f'{what}: the file "{path}" is not UTF-8 text.') from error
    except OSError as error:
        raise InputInvalid(f'{what}: the file "{path}" cannot be read: {error.strerror}.') from error
    except ValueError as error:
        raise InputInvalid(f"{what}: {path!r} is no file name: {error}.") from error
