"""What stands in the policies although no flow needs it as it is: the one place, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from crosswind.prove.elements import Kind
from crosswind.prove.needed import Atom
from crosswind.topology import Topology

__all__ = ["EXCEPTIONS", "Exempt", "reason_for"]


@dataclass(frozen=True)
class Exempt:
    """One exception.

    Attributes:
        sid: of the statement.
        reason: why it stands.
        only_single: whether it stands with `roles: single` alone.
        holders: what the holder's ARN must contain, so that no other statement of that Sid is meant.
    """

    sid: str
    reason: str
    only_single: bool = False
    holders: str = ""


_POST = (
    "the post's grant to the hub's execution role, with `roles: single` alone; by itself it opens nothing, since that"
    " role has no rights on a site's data of its own"
)
EXCEPTIONS = (
    Exempt("HubLists", _POST, only_single=True, holders=":s3:::"),
    Exempt("HubReads", _POST, only_single=True, holders=":s3:::"),
    Exempt("HubDecrypts", _POST, only_single=True, holders=":key/"),
    Exempt(
        "UseQueueKey",
        "the key of MWAA's queues is AWS's own and has no fixed ARN: so AWS's page allows all keys but those of the"
        " account, and through SQS alone (docs.aws.amazon.com/mwaa/latest/userguide/mwaa-create-role.html)",
        holders=":role/",
    ),
)


def reason_for(atom: Atom, topology: Topology) -> str:
    """Why an element stands that no flow needs; empty when nothing says so.

    Args:
        atom: the element.
        topology: which says how many roles there are.
    """
    for each in EXCEPTIONS:
        whole = atom.element.kind is Kind.STATEMENT
        meant = whole and each.sid == atom.statement.sid and each.holders in atom.document.holder
        if meant and (topology.roles == "single" or not each.only_single):
            return each.reason
    return ""
