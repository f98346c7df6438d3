"""What an error says, as a finding: its code and its place once, in front (semantics 2)."""

from __future__ import annotations

import re

from exodsl.dsl.places import split_place
from exodsl.errors import ExodslError
from exodsl.template.findings import Finding

_CODE = re.compile(r"E\d{3}")


def finding_of(error: ExodslError, place: str | None, identifiers: tuple[str, ...] = (), *, code: str = "") -> Finding:
    """Return an error as a finding; `place` and `code` are for one that does not name its own."""
    message, own = split_place(str(error))
    first, _, rest = message.partition(" ")
    if _CODE.fullmatch(first):
        return Finding(first, rest, own or place, identifiers)
    return Finding(error.code if _CODE.fullmatch(error.code) else code, message, own or place, identifiers)
