"""The names of Exosphere's SDK: which there are, and that nobody loads them who does not ask for them."""

from __future__ import annotations

import pytest

import exodsl.exosphere as sdk


def test_the_names_are_in_order_and_dir_shows_them() -> None:
    assert list(sdk.__all__) == sorted(set(sdk.__all__)) == dir(sdk)


@pytest.mark.parametrize("name", sdk.__all__)
def test_every_name_resolves_and_says_what_it_is_for(name: str) -> None:
    assert (getattr(sdk, name).__doc__ or "").strip()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="TriggerState"):
        getattr(sdk, "TriggerState")  # noqa: B009


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (sdk.GraphNodeModel, {"node_name": " ", "namespace": "n", "identifier": "a"}),
        (sdk.GraphNodeModel, {"node_name": "A", "namespace": "n", "identifier": "store"}),
        (sdk.GraphNodeModel, {"node_name": "A", "namespace": "n", "identifier": "a", "next_nodes": ["b", " b"]}),
        (sdk.GraphNodeModel, {"node_name": "A", "namespace": "n", "identifier": "a", "unites": {"identifier": " "}}),
        (sdk.UnitesModel, {"identifier": "a", "strategy": "ANY"}),
        (sdk.RetryPolicyModel, {"max_retries": -1}),
        (sdk.RetryPolicyModel, {"backoff_factor": 0}),
        (sdk.StoreConfigModel, {"required_keys": ["a", "a "]}),
        (sdk.StoreConfigModel, {"default_values": {"a.b": "1"}}),
        (sdk.CronTrigger, {}),
    ],
)
def test_what_the_sdk_refuses_is_refused_here(model: type[sdk.CronTrigger], fields: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        model.model_validate(fields)


def test_names_are_trimmed_and_defaults_are_the_sdks() -> None:
    node = sdk.GraphNodeModel(
        node_name=" A ", namespace="n", identifier=" a ", unites=sdk.UnitesModel(identifier=" b ")
    )

    assert node.model_dump() == {
        "node_name": "A",
        "namespace": "n",
        "identifier": "a",
        "inputs": {},
        "next_nodes": None,
        "unites": {"identifier": "b", "strategy": sdk.UnitesStrategyEnum.ALL_SUCCESS},
    }
    assert sdk.RetryPolicyModel().model_dump() == {
        "max_retries": 3,
        "strategy": sdk.RetryStrategyEnum.EXPONENTIAL,
        "backoff_factor": 2000,
        "exponent": 2,
        "max_delay": None,
    }
