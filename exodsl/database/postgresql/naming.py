"""What a server's database is called in messages; does without psycopg."""

from __future__ import annotations

import re

_LOGIN = re.compile(r"(?<=://)([^/?#@:]*):[^/?#]*@")
_PARAMETER = re.compile(r"(?<=[?&])(password=)[^&#]*")


def without_password(uri: str) -> str:
    """Return a URI as it may be shown."""
    return _PARAMETER.sub(r"\1***", _LOGIN.sub(r"\1:***@", uri))
