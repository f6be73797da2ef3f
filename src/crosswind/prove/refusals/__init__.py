"""Flows that must be refused, generated for every pair that applies.

What a role may not do follows from what it does: a folder that no flow of it touches, a job that it does not run, a
role that it does not pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from crosswind.prove.flow import Flow
from crosswind.prove.refusals.bounds import bounds, capped
from crosswind.prove.refusals.data import buckets, encryption, folders, handovers, hub, transport
from crosswind.prove.refusals.doings import Doings
from crosswind.prove.refusals.roles import entering, jobs, passing, rights, trusts

__all__ = ["Doings", "capped", "refused"]

_FAMILIES: tuple[Callable[[Doings], Iterator[Flow]], ...] = (
    folders,
    buckets,
    jobs,
    passing,
    entering,
    trusts,
    hub,
    transport,
    handovers,
    encryption,
    rights,
    bounds,
)


def refused(doings: Doings) -> Iterator[Flow]:
    """Every flow that must be refused."""
    for family in _FAMILIES:
        yield from family(doings)
