"""A process of the simulated Airflow: it calls AWS, and at any call it may be throttled, paused, killed or crash.

A paused process is a coroutine: the world goes on meanwhile, another try may start, and then the paused one wakes and
goes on where it was, not knowing. Coroutines are threads that take turns, one at a time; only processes whose faults
hold a long pause become one.
"""

from __future__ import annotations

import _thread
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tests.simulator.aws.client import Blow, Crash
from tests.simulator.clock import Clock

__all__ = ["Act", "Fault", "Process"]

_LATENCY = 0.05
_LONG = 60.0
_MOST_CALLS = 40  # of one body: those of a trigger's look are few, its pause may be far off
_HANGS = 60.0  # real seconds: a fault of the simulator's own


class Act:
    """What happens at a call beside the blows of `Blow`: words of `Fault.kind`."""

    PAUSE = "pause"
    FAILED = "marked failed"
    CLEARED = "cleared"
    DELETED = "run deleted"
    OUT_OF_TIME = "task timed out"


@dataclass(frozen=True)
class Fault:
    """One fault of one process.

    Args:
        id: names it, the same in every replay.
        call: at which call of the process, from 1.
        kind: of `Blow` or `Act`.
        seconds: how long a pause lasts.
        then: calls that the process still makes once it was told to end.
    """

    id: str
    call: int
    kind: str
    seconds: float = 0.0
    then: int = 0


class World(Protocol):
    """What a process needs of the world."""

    clock: Clock
    applied: list[str]
    calls: int
    pauses: list[tuple[str, str, float]]
    """Who was paused, before which operation, for how many seconds."""
    calm: bool
    """Whether nothing goes wrong any more."""

    def wake(self, seconds: float, resume: Callable[[], None]) -> None:
        """Resume a process after a pause."""


class Process:
    """One process.

    Args:
        world: its world.
        name: names it, the same in every replay.
        faults: that it meets, by call.
    """

    __slots__ = (
        "_amid", "_coroutine", "_faults", "_last", "_world", "calls", "doomed", "frozen", "name", "on_kill", "user",
    )  # fmt: skip

    def __init__(self, world: World, name: str, faults: dict[int, Fault]) -> None:
        self.name = name
        self.calls = 0
        self.on_kill: Callable[[], None] = _nothing
        self.user: Callable[[str], None] = lambda act: None
        self.doomed: Callable[[], bool] = lambda: False
        self.frozen: Callable[[float], None] = lambda seconds: None
        self._world = world
        self._faults = faults
        self._last = 0
        self._amid = ""
        self._coroutine: _Coroutine | None = None

    @property
    def now(self) -> float:
        """The world's time."""
        return self._world.clock.now

    def run(self, body: Callable[[], None], died: Callable[[], None]) -> None:
        """Run the body; `died` is called when the process crashes."""

        def whole() -> None:
            try:
                body()
            except Crash:
                died()

        if self._may_pause():
            self._coroutine = _Coroutine(whole)
            self._coroutine.resume()
        else:
            self._coroutine = None
            whole()

    def _may_pause(self) -> bool:
        soon = range(self.calls + 1, self.calls + _MOST_CALLS)
        faults = self._faults.values()
        return any(fault.kind == Act.PAUSE and fault.seconds > _LONG and fault.call in soon for fault in faults)

    def enter(self, service: str, operation: str) -> Blow | None:
        """The boundary before a call."""
        world = self._world
        calls = self.calls = self.calls + 1
        world.calls += 1
        world.clock.now += _LATENCY
        if calls == self._last:
            raise Crash
        fault = self._faults.get(calls)
        if fault is None or world.calm:
            return None
        world.applied.append(fault.id)
        if isinstance(fault.kind, Blow):
            return fault.kind
        if fault.kind == Act.PAUSE:
            # A pause in an on_kill holds up the call in whose midst that came.
            world.pauses.append((self.name, self._amid or operation, fault.seconds))
            self._pause(fault, operation)
        else:
            self.user(fault.kind)
            self.terminate(fault.then, operation)
        return None

    def leave(self, blow: Blow | None) -> None:
        """The boundary after a call."""
        if blow is Blow.CRASH_AFTER:
            raise Crash

    def terminate(self, then: int, amid: str = "") -> None:
        """SIGTERM: `on_kill` runs in the midst of what the process does, which then goes on for some calls.

        Args:
            then: how many.
            amid: the operation that it stands before.

        Source: airflow.sdk.execution_time.task_runner (`_on_term`), supervisor.kill (SIGKILL after a while).
        """
        if self._last:
            return
        self._last, self._amid = -1, amid
        self.on_kill()
        self._amid = ""
        self._last = self.calls + then + 1

    def _pause(self, fault: Fault, operation: str) -> None:
        if fault.seconds <= _LONG:
            self._world.clock.now += fault.seconds
            return
        coroutine = self._coroutine
        assert coroutine is not None, "a process that may pause for long is a coroutine"
        self.frozen(fault.seconds)
        self._world.wake(fault.seconds, coroutine.resume)
        coroutine.suspend()
        if self.doomed():
            self.terminate(fault.then, operation)


class _Coroutine:
    """A body that can be suspended: a thread that runs only while the one that resumed it waits.

    Bare locks and threads: a schedule has some dozens of them.
    """

    def __init__(self, body: Callable[[], None]) -> None:
        self._body = body
        self._turn, self._back = _thread.allocate_lock(), _thread.allocate_lock()
        self._turn.acquire()
        self._back.acquire()
        self._error: BaseException | None = None
        self._begun = self._over = False

    def resume(self) -> None:
        """Run it until it suspends or ends; its errors are raised here."""
        assert not self._over, "a process that has ended cannot go on"
        if self._begun:
            self._turn.release()
        else:
            self._begun = True
            _thread.start_new_thread(self._work, ())
        assert self._back.acquire(timeout=_HANGS), "a process of the simulator hangs"
        if self._error is not None:
            raise self._error

    def suspend(self) -> None:
        """Called by the body: let the others go on until it is resumed."""
        self._back.release()
        self._turn.acquire()

    def _work(self) -> None:
        try:
            self._body()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._error = error
        self._over = True
        self._back.release()


def _nothing() -> None:
    """No on_kill."""
