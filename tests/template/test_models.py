"""Templates as data: what Exosphere's documents say is read as they say it (semantics 2)."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from exodsl.template.models import GraphTemplate

NODES = [{"node_name": "A", "identifier": "a"}]


def read(**body: Any) -> GraphTemplate:
    """Read a template as it stands in a file."""
    return GraphTemplate.model_validate_json(json.dumps({"nodes": NODES, **body}))


def test_an_empty_list_of_triggers_means_the_same_as_none() -> None:
    with_list, without = read(triggers=[]), read()

    assert with_list == without
    assert with_list.content_hash == without.content_hash
    assert "triggers" not in with_list.canonical_json()


@pytest.mark.parametrize("triggers", [None, {}, ""])
def test_triggers_that_are_no_list_are_refused(triggers: object) -> None:
    with pytest.raises(ValidationError, match="triggers"):
        read(triggers=triggers)
