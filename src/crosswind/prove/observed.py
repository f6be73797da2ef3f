"""The flows that are marked as observed, held against what was really called and decided: both ways."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crosswind.prove.elements import covers
from crosswind.prove.flow import Flow, pattern_of

__all__ = ["Call", "Differences", "differences"]


@dataclass(frozen=True, order=True)
class Call:
    """A right that was really asked for.

    Attributes:
        who: the ARN of the session or role, or a service's name.
        action: such as `s3:GetObject`.
        resource: its ARN, or `*`.
    """

    who: str
    action: str
    resource: str

    @property
    def role(self) -> str:
        """The account and name of the role behind a session; else who asked."""
        return _role(self.who)

    def __str__(self) -> str:
        return f"{self.role}  {self.action}  {self.resource}"


@dataclass(frozen=True)
class Differences:
    """Where the tables and the runs differ.

    Attributes:
        unknown: calls that no flow of the tables describes.
        marked_wrong: calls that only flows describe which are said to be seen on AWS alone.
        unseen: flows that each run shows, as their mark says, and this one did not.
    """

    unknown: tuple[Call, ...]
    marked_wrong: tuple[Call, ...]
    unseen: tuple[Flow, ...]

    @property
    def none(self) -> bool:
        """Whether tables and runs agree."""
        return not (self.unknown or self.marked_wrong or self.unseen)

    @property
    def text(self) -> str:
        """Line by line, for the reader of a failed test."""
        lines = [f"called, and in no table:                 {each}" for each in self.unknown]
        lines += [f"called, and marked as documented only:   {each}" for each in self.marked_wrong]
        lines += [
            f"marked as observed, and not called:      {_role(each.who)}  {each.action}  {each.resource}"
            f"  ({each.does}; {each.asks})"
            for each in self.unseen
        ]
        return "\n".join(lines) or "no difference"


def differences(flows: Iterable[Flow], calls: Iterable[Call]) -> Differences:
    """Hold the flows against the calls of a run.

    Args:
        flows: of the topology that was run.
        calls: all that was asked of IAM, and allowed.
    """
    by_place: dict[tuple[str, str], list[Flow]] = {}
    for flow in flows:
        by_place.setdefault((_role(flow.who), flow.action.lower()), []).append(flow)
    unknown: list[Call] = []
    wrong: list[Call] = []
    seen: set[int] = set()
    for call in sorted(set(calls)):
        found = [
            each
            for each in by_place.get((call.role, call.action.lower()), ())
            if covers(pattern_of(each.resource), call.resource)
        ]
        observed = [each for each in found if each.evidence.observed]
        if not found:
            unknown.append(call)
        elif not observed:
            wrong.append(call)
        seen.update(id(each) for each in observed)
    unseen = [
        each
        for some in by_place.values()
        for each in some
        if each.evidence.observed and each.evidence.always and id(each) not in seen
    ]
    return Differences(_alike(unknown), _alike(wrong), tuple(_first_of(unseen)))


def _role(who: str) -> str:
    if ":assumed-role/" in who:
        return f"{who.split(':')[4]}:{who.split('/')[1]}"
    if ":role/" in who:
        return f"{who.split(':')[4]}:{who.rpartition('/')[2]}"
    return who


def _alike(calls: Sequence[Call]) -> tuple[Call, ...]:
    """One of each kind: runs differ in their ids alone."""
    first: dict[tuple[str, str, str], Call] = {}
    for call in calls:
        place = call.resource.split("/")
        first.setdefault((call.role, call.action, "/".join(place[:2])), call)
    return tuple(first.values())


def _first_of(flows: Iterable[Flow]) -> Iterable[Flow]:
    """Each question once."""
    return {(each.who, each.action, each.resource): each for each in flows}.values()
