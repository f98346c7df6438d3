"""Tracebacks are taken apart: the project's frames, and those of libraries."""

from exodsl_tui.differences import differences
from exodsl_tui.tracebacks import Frame, Told, folded, parts_of

TRACEBACK = """\
Traceback (most recent call last):
  File "/home/me/shop/fetch.py", line 12, in fetch
    return client.get(url)
           ^^^^^^^^^^^^^^^
  File "/venv/lib/python3.11/site-packages/httpx/_client.py", line 1054, in get
    return self.request(url)
  File "/usr/lib/python3.11/socket.py", line 706, in readinto
    return self._sock.recv_into(b)
TimeoutError: timed out
"""


def test_frames_are_told_from_what_stands_between_them() -> None:
    parts = parts_of(TRACEBACK)

    assert parts[0] == Told("Traceback (most recent call last):")
    assert parts[1] == Frame("/home/me/shop/fetch.py", 12, "fetch", ("return client.get(url)", "^^^^^^^^^^^^^^^"))
    assert [part.library for part in parts if isinstance(part, Frame)] == [False, True, True]
    assert parts[-1] == Told("TimeoutError: timed out")


def test_libraries_are_folded() -> None:
    assert folded(parts_of(TRACEBACK))[2:] == [2, Told("TimeoutError: timed out")]


def test_a_text_that_is_no_traceback_stays_as_it_is() -> None:
    assert parts_of("no frames\nat all") == [Told("no frames"), Told("at all")]
    assert parts_of("") == []


def test_differences_are_named_by_dotted_fields() -> None:
    old = {"a": 1, "b": {"c": [1], "d": "x"}, "gone": None}
    new = {"a": 1, "b": {"c": [1, 2], "d": "x"}, "here": True}

    assert list(differences(old, new)) == [("b.c", "[1]", "[1, 2]"), ("gone", "null", None), ("here", None, "true")]
    assert list(differences(old, old)) == []
