"""What statements are for: the flows that use them, each with the line of the topology that asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crosswind.errors import Place
from crosswind.iam import Statement
from crosswind.prove.documents import Document, Origin, Role
from crosswind.prove.elements import Element
from crosswind.prove.flow import Flow

__all__ = ["Call", "Use"]


@dataclass(frozen=True)
class Call:
    """A flow that uses an element of a statement.

    Attributes:
        flow: which.
        place: the line that asks for it.
    """

    flow: Flow
    place: Place


@dataclass(frozen=True, eq=False)
class Use:
    """What one statement of a document is for.

    Attributes:
        role: whose document it is; None for that of a resource.
        document: which holds the statement. A policy that several roles share has a use for each of them.
        index: the statement's, in the document as it was resolved.
        calls: by element, the statement itself among them: what it allows or, of a Deny, what nothing else refuses.
        reason: why it stands although no flow needs it as it is; empty for all others.
    """

    role: Role | None
    document: Document
    index: int
    calls: Mapping[Element, tuple[Call, ...]]
    reason: str = ""

    @property
    def statement(self) -> Statement:
        """The statement."""
        return self.document.policy.statements[self.index]

    @property
    def origin(self) -> Origin:
        """Where it stands in the templates."""
        return self.document.origins[self.index]
