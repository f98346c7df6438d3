"""What a body's end means: signals, failures worth a retry, and what an error says of itself."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

import exodsl
from exodsl import Fatal, InputInvalid, OutputInvalid, Prune, PruneSignal, Requeue, RetryPolicy, node
from exodsl.engine.reports import Pruned, Requeued, StoreWrite
from exodsl.runtime.judging import Raised, failure, read_exception

DEFAULT = RetryPolicy()
WRITES = (StoreWrite("add", "seen", 1),)


def caught(error: BaseException) -> BaseException:
    """The exception as it is after it was raised and caught."""
    try:
        raise error
    except BaseException as raised:
        return raised


def retried(error: BaseException, policy: RetryPolicy = DEFAULT) -> bool:
    """Whether a failure is reported as worth a retry."""
    ending = read_exception(error)
    assert isinstance(ending, Raised)
    return failure(ending, policy).retryable


def described(error: BaseException, **options: object) -> Raised:
    """What is known of a failure."""
    ending = read_exception(caught(error), **options)  # type: ignore[arg-type]
    assert isinstance(ending, Raised)
    return ending


def test_a_prune_keeps_its_data_and_writes() -> None:
    assert read_exception(PruneSignal({"a": [1]}), WRITES) == Pruned('{"a":[1]}', WRITES)


def test_a_requeue_keeps_its_delay_and_writes() -> None:
    assert read_exception(Requeue(timedelta(seconds=1.5)), WRITES) == Requeued(1500, WRITES)


def test_a_delay_below_a_millisecond_is_one() -> None:
    assert read_exception(Requeue(timedelta(microseconds=5))) == Requeued(1)


def test_a_signal_alone_in_nested_groups_counts_as_the_signal() -> None:
    group = BaseExceptionGroup("outer", [BaseExceptionGroup("inner", [Prune("enough")])])

    assert read_exception(group) == Pruned('{"reason":"enough"}')


def test_a_signal_beside_another_exception_is_a_failure() -> None:
    error = described(BaseExceptionGroup("both", [Prune("enough"), ValueError("bad")])).error

    assert error.type == "builtins.BaseExceptionGroup"
    assert "ValueError: bad" in error.traceback


def test_prune_data_that_is_no_json_is_a_failure_that_says_so() -> None:
    error = described(Prune("odd", what=object())).error

    assert error.type == "exodsl.errors.OutputInvalid"


@pytest.mark.parametrize("error", [Fatal("stop"), InputInvalid("bad"), OutputInvalid("bad")], ids=repr)
def test_what_no_retry_can_mend_is_not_retried(error: Exception) -> None:
    assert not retried(error)


def test_a_fatal_alone_in_a_group_is_not_retried() -> None:
    assert not retried(ExceptionGroup("tasks", [Fatal("stop")]))


def test_exit_in_a_body_is_a_failure_of_its_state() -> None:
    assert described(SystemExit(2)).error.type == "builtins.SystemExit"


def test_exit_is_retried_only_when_the_policy_names_it() -> None:
    assert not retried(SystemExit(2))


def test_subclasses_of_what_a_policy_names_are_retried() -> None:
    policy = RetryPolicy(retry_on=(LookupError,))

    assert (retried(KeyError("x"), policy), retried(ValueError("x"), policy)) == (True, False)


def test_giving_up_goes_before_retrying() -> None:
    policy = RetryPolicy(retry_on=(LookupError,), give_up_on=(KeyError,))

    assert (retried(IndexError("x"), policy), retried(KeyError("x"), policy)) == (True, False)


def test_a_type_of_a_script_is_known_under_both_names_of_its_module() -> None:
    kind = type("Busy", (Exception,), {"__module__": "flows"})

    names = described(kind("now"), home="flows").names

    assert {"flows.Busy", "__main__.Busy", "builtins.Exception"} <= set(names)


def test_a_traceback_ends_where_the_user_wrote() -> None:
    @node
    def body() -> None:
        json.loads("{")

    with pytest.raises(ValueError) as raised:
        body()  # through our own frames
    error = described(raised.value).error

    assert "in body" in error.traceback
    assert str(Path(exodsl.__file__).parent) not in error.traceback


def test_failures_at_one_place_share_a_key() -> None:
    keys = {described(ValueError(str(number))).error.key for number in range(3)}

    assert keys == {"builtins.ValueError in test_judging.py:caught"}


def test_half_a_character_is_told_as_it_is_spelled() -> None:
    """Names of files that are no UTF-8 have some."""
    raised = read_exception(FileNotFoundError("no caf\udce9.txt"))

    assert isinstance(raised, Raised)
    assert raised.error.message == "no caf\\udce9.txt"
    assert "caf\\udce9" in raised.error.traceback


def test_an_exception_that_cannot_say_what_it_is_fails_its_state_all_the_same() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise KeyError("no text")

    raised = read_exception(Mute())

    assert isinstance(raised, Raised)
    assert raised.error.message == "It has no text: its own __str__ raised KeyError."


def test_secrets_are_blotted_out_of_message_and_traceback() -> None:
    error = described(ValueError("key hunter2 refused"), secrets=["hunter2", ""]).error

    assert error.message == "key [secret] refused"
    assert "hunter2" not in error.traceback
