"""Work on many resources at once, none before what it needs."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from graphlib import TopologicalSorter

__all__ = ["StepFailed", "reversed_graph", "walk"]

_AT_ONCE = 8


class StepFailed(Exception):  # noqa: N818 - said of a step, not of the program
    """One resource's step did not succeed; its events have been written.

    Args:
        cancelled: stopped because another one failed, not for a reason of its own.
    """

    def __init__(self, logical_id: str, reason: str, *, cancelled: bool = False) -> None:
        super().__init__(f"{logical_id}: {reason}")
        self.logical_id = logical_id
        self.reason = reason
        self.cancelled = cancelled


_Ended = queue.SimpleQueue[tuple[str, StepFailed | None]]


def walk(
    graph: Mapping[str, frozenset[str]],
    work: Callable[[str], None],
    halt: threading.Event,
    *,
    go_on: bool = False,
    at_once: int = _AT_ONCE,
) -> list[StepFailed]:
    """Call `work` for every name, dependencies first, independent ones in parallel.

    Args:
        graph: what each name needs.
        work: does one; raises StepFailed and nothing else.
        halt: set by the first failure (unless `go_on`), and by whoever wants the walk to end early; what runs is
            waited for.
        go_on: keep to the end what does not need a failed one.
        at_once: how many at a time.

    Returns:
        The failures, in the order in which they came.
    """
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    ended: _Ended = queue.SimpleQueue()
    ready: list[str] = []
    failures: list[StepFailed] = []
    running = 0

    while True:
        if not halt.is_set():
            ready += sorter.get_ready()
            while ready and running < at_once:
                # Daemons: the world may end while a resource is waited for.
                arguments = (work, ready.pop(0), ended)
                threading.Thread(target=_run, args=arguments, name="cloudformation-resource", daemon=True).start()
                running += 1
        if not running:
            return failures
        name, failure = ended.get()
        running -= 1
        if failure is None:
            sorter.done(name)
        else:
            failures.append(failure)
            if not go_on:
                halt.set()


def _run(work: Callable[[str], None], name: str, ended: _Ended) -> None:
    """Do one, and tell how it ended."""
    try:
        work(name)
    except StepFailed as failure:
        ended.put((name, failure))
    else:
        ended.put((name, None))


def reversed_graph(graph: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The same resources, each needing those that needed it: the order in which they can be deleted."""
    return {name: frozenset(other for other, needs in graph.items() if name in needs) for name in graph}
