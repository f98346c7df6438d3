"""Asking the reader from a screen or widget: what is followed rests while nobody sees it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

from textual.message_pump import MessagePump

from exodsl.errors import ExodslError
from exodsl_tui.host import host
from exodsl_tui.questions import Failed, Following, Question, Then

T = TypeVar("T")


class Asking(MessagePump):
    """Mixed into a screen or widget that shows what the database says.

    Whoever hides it calls `rest`, whoever shows it again `wake`; a screen does that for itself and its open tab.
    """

    _following: dict[Hashable, Following]
    _resting: bool = False

    def ask(self, kind: Hashable, question: Question[T], then: Then[T], failed: Failed | None = None) -> None:
        """Ask once; a newer question of this kind takes the place of this one.

        :param failed: is called with an error; without it, the error is shown in a corner.
        """
        host(self).reader.ask(self, kind, question, then, failed or self.refused)

    def follow(self, kind: Hashable, question: Question[T], then: Then[T], failed: Failed | None = None) -> Following:
        """Ask now, and again whenever something was committed, in place of what was followed of this kind."""
        following = host(self).reader.follow(self, kind, question, then, failed or self.refused)
        if "_following" not in self.__dict__:
            self._following = {}
        self._following[kind] = following
        if self._resting:
            following.pause()
        return following

    def unfollow(self, kind: Hashable) -> None:
        """Follow a kind no more."""
        following = self.__dict__.get("_following", {}).pop(kind, None)
        if following is not None:
            following.stop()

    def rest(self) -> None:
        """Ask nothing while nobody sees it."""
        self._resting = True
        for following in self.__dict__.get("_following", {}).values():
            following.pause()

    def wake(self) -> None:
        """Go on; what was committed meanwhile is asked at once."""
        self._resting = False
        for following in self.__dict__.get("_following", {}).values():
            following.resume()

    def refused(self, error: ExodslError) -> None:
        """Show an error that nobody else shows."""
        host(self).notify(str(error), severity="error", markup=False)

    def on_unmount(self) -> None:
        """Follow nothing any more."""
        for kind in list(self.__dict__.get("_following", {})):
            self.unfollow(kind)
