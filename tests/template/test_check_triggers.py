"""Schedules of a template: read in Exosphere's shape, and checked before anything ticks (semantics 9)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from exodsl.template.checks import check
from exodsl.template.models import GraphTemplate

Draw = Callable[..., GraphTemplate]
NINE = "0 9 * * *"


def cron(expression: str = NINE, **options: str) -> dict[str, Any]:
    """Return a trigger as it stands in a template."""
    return {"type": "CRON", "value": {"expression": expression, **options}}


@pytest.fixture
def told(draw: Draw) -> Callable[..., list[str]]:
    """Return what is found in a graph of one node with these triggers."""

    def told(*triggers: dict[str, Any], **template: Any) -> list[str]:
        return [str(finding) for finding in check(draw("root", triggers=list(triggers), **template))]

    return told


def test_a_trigger_in_the_shape_of_exosphere_ticks_in_utc(draw: Draw) -> None:
    (trigger,) = draw("root", triggers=[cron("  0  9 * * * ")]).triggers

    assert trigger.value.model_dump() == {
        "expression": NINE,
        "tz": "UTC",
        "catch_up": "latest",
        "overlap": "skip",
    }


def test_a_template_with_schedules_becomes_json_and_the_same_template_again(draw: Draw) -> None:
    template = draw("root", triggers=[cron(), cron("0 10 * * *", tz="Europe/Berlin", catch_up="all", overlap="queue")])

    assert GraphTemplate.model_validate_json(template.canonical_json()) == template
    assert json.loads(template.canonical_json())["triggers"][0] == cron()


def test_schedules_count_for_the_content_hash_and_their_defaults_do_not(draw: Draw) -> None:
    hashes = {
        draw("root", triggers=triggers).content_hash
        for triggers in (
            [],
            [cron()],
            [cron(tz="UTC", catch_up="latest")],
            [cron(overlap="allow")],
            [cron("5 * * * *")],
        )
    }

    assert len(hashes) == 4


@pytest.mark.parametrize(
    "trigger",
    [
        {"value": {"expression": NINE}},
        {"type": "EVENT", "value": {"expression": NINE}},
        {"type": "CRON", "value": {}},
        {"type": "CRON", "value": {"expression": 9}},
        cron(catch_up="newest"),
        cron(overlap="wait"),
        cron(zone="UTC"),
    ],
)
def test_a_trigger_of_another_shape_is_refused(draw: Draw, trigger: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        draw("root", triggers=[trigger])


def test_sound_schedules_are_not_talked_about(told: Callable[..., list[str]]) -> None:
    assert told(cron(), cron(tz="Europe/Berlin"), cron("*/5 * * * *")) == []


def test_all_that_is_wrong_is_said_at_once(told: Callable[..., list[str]]) -> None:
    assert told(cron("60 9 * * *", tz="Europe/Berln"), cron(), cron()) == [
        'E160  schedule "60 9 * * *": "60" is no minute. Minutes go from 0 to 59, as in `0`, `0,30` or `*/15`.',
        'E161  schedule "60 9 * * *": there is no time zone "Europe/Berln". Did you mean "Europe/Berlin"?',
        'E162  schedule "0 9 * * *" in UTC stands there twice. Keep one of them.',
    ]


def test_a_finding_says_which_schedule_it_is_about(draw: Draw) -> None:
    (finding,) = check(draw("root", triggers=[cron(), cron("0 25 * * *")]))

    assert finding.identifiers == ("triggers[1]",)


def test_capitals_make_no_other_schedule(told: Callable[..., list[str]]) -> None:
    (said,) = told(cron("0 9 * * MON"), cron("0 9 * * mon"))

    assert said.startswith("E162")


NEEDS = {"type": "object", "properties": {"n": {"type": "integer"}, "m": {"default": 1}}, "required": ["n"]}


@pytest.mark.parametrize("template", [{"inputs_schema": NEEDS}, {"parts": {"root": {"inputs_schema": NEEDS}}}])
def test_a_graph_that_needs_inputs_cannot_be_scheduled(
    told: Callable[..., list[str]], template: dict[str, Any]
) -> None:
    """Whether the inputs are declared, or are those of the root."""
    (said,) = (line for line in told(cron(), cron("0 10 * * *"), **template) if line.startswith("E16"))

    assert said == ("E163  a schedule gives no inputs, and no run starts without the input `n`. Give it a default.")


def test_an_input_that_the_mapping_of_the_root_gives_is_not_needed(told: Callable[..., list[str]]) -> None:
    assert told(cron(), parts={"root": {"inputs_schema": NEEDS, "inputs": {"n": 3}}}) == []


def test_a_graph_that_needs_store_keys_cannot_be_scheduled(told: Callable[..., list[str]]) -> None:
    assert told(cron(), store_config={"required_keys": ["a", "b"]}) == [
        "E163  a schedule gives no store keys, and no run starts without the store keys `a`, `b`. Give each a default."
    ]


def test_what_is_wrong_with_schedules_is_said_beside_what_is_wrong_with_the_graph(draw: Draw) -> None:
    found = check(draw("a > b, b > a", triggers=[cron("0 25 * * *")]))

    assert {finding.code for finding in found} >= {"E120", "E160"}
