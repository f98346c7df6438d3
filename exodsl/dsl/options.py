"""What nodes and graphs may be told beside their inputs, judged where it is written (semantics 1, 6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from exodsl.dsl.places import here
from exodsl.errors import DefinitionError, did_you_mean
from exodsl.template.policies import RetryPolicy

NODE_OPTIONS: Final = ("name", "retry", "timeout", "executor")


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse what `@node(...)` does not take; :raises DefinitionError: naming the option and the cure."""
    for option in options:
        if option not in NODE_OPTIONS:
            raise DefinitionError(
                f"@node takes {', '.join(NODE_OPTIONS)}, not {option}.{did_you_mean(option, NODE_OPTIONS)} ({here()})"
            )


def check_name(name: Any, what: str) -> str:
    """Return a name without the space around it; :raises DefinitionError: when it is no text, or empty."""
    if not isinstance(name, str) or not name.strip():
        raise DefinitionError(f"A {what} needs a name: a text that is not empty, not {name!r}. ({here()})")
    return name.strip()


def check_text(option: str, value: Any) -> str | None:
    """Return a name; :raises DefinitionError: when it is no text, or empty."""
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise DefinitionError(f"{option}={value!r}: takes a text that is not empty. ({here()})")
    return value


def check_retry(retry: Any) -> RetryPolicy | None:
    """Return a policy; :raises DefinitionError: when it is none, with what to write instead."""
    if retry is None or isinstance(retry, RetryPolicy):
        return retry
    count = retry if type(retry) is int and retry >= 0 else 3
    raise DefinitionError(
        f"retry={retry!r}: takes a RetryPolicy, write retry=RetryPolicy(max_retries={count}). ({here()})"
    )


def check_timeout(timeout: Any) -> timedelta | None:
    """Return a timeout that a template can hold; :raises DefinitionError: below a millisecond."""
    if timeout is None:
        return None
    if not isinstance(timeout, timedelta):
        raise DefinitionError(
            f"timeout={timeout!r}: takes a timedelta, write timeout=timedelta(seconds={_seconds(timeout)}). ({here()})"
        )
    if timeout < timedelta(milliseconds=1):
        raise DefinitionError(f"A timeout must be at least a millisecond, not {timeout}. ({here()})")
    return timeout


def _seconds(meant: object) -> str:
    """Return the number of seconds that was probably meant."""
    text = str(meant).strip()
    return text if text.replace(".", "", 1).isdecimal() else "30"
