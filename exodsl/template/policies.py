"""How a failed state is retried (semantics 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from exodsl.errors import DefinitionError, did_you_mean

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

RetryStrategy = Literal[
    "EXPONENTIAL",
    "EXPONENTIAL_FULL_JITTER",
    "EXPONENTIAL_EQUAL_JITTER",
    "LINEAR",
    "LINEAR_FULL_JITTER",
    "LINEAR_EQUAL_JITTER",
    "FIXED",
    "FIXED_FULL_JITTER",
    "FIXED_EQUAL_JITTER",
]


def qualified_name(kind: type) -> str:
    """Return the name by which a template knows an exception type."""
    return f"{kind.__module__}.{kind.__qualname__}"


def _names(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(qualified_name(item) if isinstance(item, type) else item for item in value)
    return value


ExceptionNames = Annotated[tuple[type[Exception] | str, ...], BeforeValidator(_names)]


class RetryPolicy(BaseModel):
    """How often and after which delay a failed state is tried again.

    :param max_retries: retries after the first attempt, 3 by default.
    :param strategy: how the delay grows; see semantics 6 for the formulas.
    :param backoff_factor: milliseconds, 2000 by default.
    :param exponent: base of the EXPONENTIAL strategies, 2 by default.
    :param max_delay: milliseconds that no delay exceeds, or `None`.
    :param retry_on: exception types that are retried; subclasses count.
    :param give_up_on: exception types that are not, whatever `retry_on` says.
    :raises DefinitionError: when a module writes what cannot be meant, in one line; a template that
        holds it is refused with all else that is wrong with it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_retries: Annotated[int, Field(ge=0)] = 3
    strategy: RetryStrategy = "EXPONENTIAL"
    backoff_factor: Annotated[int, Field(gt=0)] = 2000
    exponent: Annotated[int, Field(gt=0)] = 2
    max_delay: Annotated[int, Field(gt=0)] | None = None
    retry_on: ExceptionNames = ("builtins.Exception",)
    give_up_on: ExceptionNames = ()

    if not TYPE_CHECKING:  # type checkers know the fields by themselves

        def __init__(self, **values: Any) -> None:
            try:
                super().__init__(**values)
            except ValidationError as error:
                raise DefinitionError(_refused(error, values)) from None

        # A policy inside a template is validated with it and does not come here.
        __init__.__pydantic_base_init__ = True

    def delay_ms(self, retry: int, chance: float) -> int:
        """Return the milliseconds to wait before retry number `retry` (from 1).

        `chance` is a random number in [0, 1), used by the jitter strategies only.
        """
        shape, _, jitter = self.strategy.partition("_")
        delay = float(self.backoff_factor)
        if shape == "EXPONENTIAL":
            delay = self._exponential(retry)
        elif shape == "LINEAR":
            delay *= retry
        if jitter == "FULL_JITTER":
            delay *= chance
        elif jitter == "EQUAL_JITTER":
            delay = delay / 2 + delay / 2 * chance
        return int(min(delay, LONGEST_DELAY_MS if self.max_delay is None else self.max_delay))

    def _exponential(self, retry: int) -> float:
        try:
            return min(LONGEST_DELAY_MS, float(self.backoff_factor) * float(self.exponent) ** (retry - 1))
        except OverflowError:
            return LONGEST_DELAY_MS

    def retries(self, names: tuple[str, ...]) -> bool:
        """Say whether an error is worth a retry; `names` are those of its type and bases."""
        if any(name in self.give_up_on for name in names):
            return False
        return any(name in self.retry_on for name in names)


LONGEST_DELAY_MS = 10 * 365 * 24 * 3600 * 1000
"""Ten years: what a delay that grew past every sense is cut to, so that it stays a date."""


def _refused(error: ValidationError, values: dict[str, Any]) -> str:
    """Return, on one line, what cannot be meant in what a module writes, and what can."""
    found: dict[str, ErrorDetails] = {}
    for one in error.errors(include_url=False, include_context=False):
        found.setdefault(str(one["loc"][0]), one)
    return " ".join(_refused_value(name, values.get(name), one) for name, one in found.items())


def _refused_value(name: str, value: Any, error: ErrorDetails) -> str:
    shown = value.__name__ if isinstance(value, type) else repr(value)
    if error["type"] == "extra_forbidden":
        known = tuple(RetryPolicy.model_fields)
        said = f"takes {', '.join(known)}.{did_you_mean(name, known)}"
    elif name == "strategy":
        said = f"takes one of {', '.join(get_args(RetryStrategy))}.{did_you_mean(str(value), get_args(RetryStrategy))}"
    elif name in ("retry_on", "give_up_on"):
        said = f"takes a tuple of exception types, such as {name}=(ValueError,)."
    else:
        said = f"{error['msg']}."
    return f"RetryPolicy({name}={shown}): {said}"
