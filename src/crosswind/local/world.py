"""The local world: the edge, the services behind it and what they started, as one thing to start and stop."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from typing import IO, Protocol

from crosswind.local.state import Running, StateFolder

__all__ = ["Part", "World"]


class Part(Protocol):
    """Something that the world stops."""

    def stop(self) -> None:
        """Stop, and leave no process behind."""


class World:
    """A local world in this process, built and listening.

    Args:
        state: the state folder.
        endpoint: the URL at which the edge answers.
        parts: what to stop with the world, in order of start; stopped in reverse, each whatever the others do.
        end: set when somebody wants the world to end: a signal, or a client of its own API.
        claim: the state folder's lock, held; let go when the world has ended.
    """

    def __init__(
        self, state: StateFolder, endpoint: str, parts: Sequence[Part], end: threading.Event, claim: IO[bytes]
    ) -> None:
        self.state = state
        self.endpoint = endpoint
        self.end = end
        self._claim = claim
        self._parts = tuple(parts)

    def start(self) -> None:
        """Announce the world in its state folder."""
        self.state.write(Running(os.getpid(), self.endpoint, time.time()))

    def stop(self) -> None:
        """Stop every part; the first error is raised after all had their turn."""
        errors: list[Exception] = []
        for part in reversed(self._parts):
            try:
                part.stop()
            except Exception as error:  # noqa: BLE001 - one part that fails must not keep the others alive
                errors.append(error)
        self.state.clear()
        self._claim.close()
        if errors:
            raise errors[0]
