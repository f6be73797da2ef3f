"""What a proof finds: in words, with the role, the statement, the flow and the topology's line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from crosswind.errors import Place
from crosswind.prove.documents import Origin

__all__ = ["Excepted", "Finding", "FindingKind", "Proof"]


class FindingKind(StrEnum):
    """What is wrong."""

    MISSING = "missing"
    """A flow is refused."""
    OPEN = "open"
    """A flow that must be refused is allowed."""
    SPARE = "spare"
    """A statement, or a text in it, is not needed by any flow."""
    DOUBLED = "doubled"
    """All that it allows is allowed by another statement as well."""
    WIDE = "wide"
    """A wildcard means more than any flow needs."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        kind: what.
        holder: the ARN of the role or resource whose document it is, or should be.
        policy: the document's name; empty when there is none.
        sid: the statement's; empty when none is meant.
        element: of the statement; empty when all of it is meant.
        says: what is wrong, in a sentence.
        flow: the flow: who does what on what; empty when there is none.
        evidence: how the flow is known.
        asks: the topology's key path that asks for the flow.
        place: the line of that key path.
        origin: where the statement, or the nearest one, stands in the templates; None when there is none.
        fix: the next step.
        late: whether it holds only before the stacks' late needs are met.
    """

    kind: FindingKind
    holder: str
    says: str
    policy: str = ""
    sid: str = ""
    element: str = ""
    flow: str = ""
    evidence: str = ""
    asks: str = ""
    place: Place = field(default_factory=Place)
    origin: Origin | None = None
    fix: str = ""
    late: bool = False

    @property
    def order(self) -> tuple[int, str, str, str, str, str]:
        """For sorting: what is missing or open first, then by place."""
        kinds = list(FindingKind)
        origin = str(self.origin) if self.origin else ""
        return kinds.index(self.kind), self.place.file, f"{self.place.line:08}", origin, self.element, self.says

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as JSON takes it."""
        return {
            "kind": self.kind.value,
            "role": self.holder,
            "policy": self.policy,
            "statement": self.sid,
            "element": self.element,
            "says": self.says,
            "flow": self.flow,
            "evidence": self.evidence,
            "topology": {"file": self.place.file, "line": self.place.line, "path": self.place.path},
            "template": {"file": self.origin.file, "path": self.origin.path} if self.origin else None,
            "next": self.fix,
            "before_late_needs": self.late,
        }


@dataclass(frozen=True)
class Excepted:
    """A statement that stands although no flow needs it as it is.

    Attributes:
        holder: whose.
        sid: its Sid.
        reason: why it stands.
        origin: where.
    """

    holder: str
    sid: str
    reason: str
    origin: Origin

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as JSON takes it."""
        return {
            "role": self.holder,
            "statement": self.sid,
            "reason": self.reason,
            "template": {"file": self.origin.file, "path": self.origin.path},
        }


@dataclass(frozen=True)
class Proof:
    """What a proof has shown.

    Attributes:
        findings: sorted; none when it is proven.
        exceptions: what stands for a reason, sorted.
        counts: of what was looked at, by name.
    """

    findings: tuple[Finding, ...]
    exceptions: tuple[Excepted, ...]
    counts: Mapping[str, int]

    @property
    def proven(self) -> bool:
        """Whether nothing was found."""
        return not self.findings
