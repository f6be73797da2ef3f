"""What each role may do, and why: every statement with the steps, jobs and deploy steps that need it. Pure.

The reasons are those by which `crosswind prove` holds a statement to be needed; nothing is looked up here.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosswind.errors import Place, UsageError
from crosswind.iam import Statement
from crosswind.prove import Call, Origin, Use, uses
from crosswind.prove.elements import WHOLE, Kind
from crosswind.synth import Stack, actors, grants
from crosswind.topology import Names, Topology
from crosswind.topology.places import Places

__all__ = ["Asked", "Right", "RoleRights", "named", "rights", "role_names"]


@dataclass(frozen=True)
class Asked:
    """A line of the topology, and the calls that it asks for.

    Attributes:
        place: the line, with its key path.
        calls: in the order of the doing.
    """

    place: Place
    calls: tuple[Call, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """What is done, each once."""
        return tuple(dict.fromkeys(call.flow.does for call in self.calls))


@dataclass(frozen=True)
class Right:
    """A statement of a role.

    Attributes:
        kind: `trust`, `policy` or `boundary`: which document of the role's it is in.
        policy: the document's name.
        statement: as IAM reads it, with the real names.
        origin: where it stands in the templates.
        needs: by action, the lines that need it, in file order; of a Deny, what would be allowed without it.
        reason: why it stands although no flow needs it as it is; empty for all others.
    """

    kind: str
    policy: str
    statement: Statement
    origin: Origin
    needs: Mapping[str, tuple[Asked, ...]]
    reason: str

    @property
    def alike(self) -> Iterator[tuple[tuple[str, ...], tuple[Asked, ...]]]:
        """The actions that are needed for the same, together, and what for."""
        same: dict[frozenset[tuple[Place, str]], list[str]] = {}
        for action, asked in self.needs.items():
            same.setdefault(frozenset((each.place, word) for each in asked for word in each.words), []).append(action)
        for actions in same.values():
            yield tuple(actions), self.needs[actions[0]]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as JSON takes it."""
        raw = self.statement.raw
        return {
            "kind": self.kind,
            "policy": self.policy,
            "statement": self.statement.sid,
            **{key.lower(): raw[key] for key in _WRITTEN if key in raw},
            "reason": self.reason,
            "template": {"file": self.origin.file, "path": self.origin.path},
            "needs": [
                {"action": action, "asked_by": [_asked_as_dict(each) for each in asked]}
                for action, asked in self.needs.items()
            ],
        }


@dataclass(frozen=True)
class RoleRights:
    """A role, and what it may do.

    Attributes:
        arn: its ARN.
        declared: what of the topology it serves: a job, a replication, sites, `hub`; sorted.
        rights: who may take it, then what it may do.
        boundary: the statements of its permissions boundary, which grant nothing: without reasons, since it caps more
            than is there.
    """

    arn: str
    declared: tuple[str, ...]
    rights: tuple[Right, ...]
    boundary: tuple[Right, ...] = ()

    @property
    def name(self) -> str:
        """Its name in AWS."""
        return self.arn.rpartition("/")[2]

    @property
    def account(self) -> str:
        """The id of its account."""
        return self.arn.split(":")[4]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as JSON takes it."""
        return {
            "role": self.arn,
            "name": self.name,
            "account": self.account,
            "declared": list(self.declared),
            "statements": [each.as_dict() for each in self.rights],
            "boundary": [each.as_dict() for each in self.boundary],
        }


_WRITTEN = ("Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")


def rights(topology: Topology, places: Places, stacks: Sequence[Stack]) -> tuple[RoleRights, ...]:
    """Every role of a topology's templates with its rights, sorted by ARN.

    Args:
        topology: checked.
        places: the lines of its file.
        stacks: all of its stacks, the deployer's too.
    """
    declared = _declared(topology)
    found: dict[str, list[Right]] = {}
    for use in uses(topology, places, stacks):
        if use.role is not None:
            found.setdefault(use.role.arn, []).append(_right(use))
    return tuple(
        RoleRights(
            arn,
            declared.get(arn, ()),
            tuple(each for each in every if each.kind != "boundary"),
            tuple(each for each in every if each.kind == "boundary"),
        )
        for arn, every in found.items()
    )


def named(roles: Sequence[RoleRights], name: str, topology: Topology) -> tuple[RoleRights, ...]:
    """The roles that a name means: an ARN, a role's name with or without the topology's before it, or a declared name.

    Several accounts may have a role of one name, and a site several roles.

    Args:
        roles: all there are.
        name: as the user gave it.
        topology: theirs.

    Raises:
        UsageError: there is none; it tells the valid names.
    """
    found = tuple(each for each in roles if name in (each.arn, *_names(each.name, topology), *each.declared))
    if found:
        return found
    known = sorted({title for each in roles for title in (each.name, *each.declared)})
    near = difflib.get_close_matches(name, known, 1)
    meant = f", probably {near[0]}" if near else ""
    raise UsageError(f"there is no role {name}; known: {', '.join(known)}", hint=f"name one of these{meant}")


def role_names(topology: Topology, stacks: Sequence[Stack]) -> tuple[str, ...]:
    """Every name of a role for completion, sorted: as in AWS, and as declared; without a proof."""
    resources = (each for stack in stacks for each in stack.template["Resources"].values())
    roles = {each["Properties"]["RoleName"] for each in resources if each["Type"] == "AWS::IAM::Role"}
    arns, declared = {each.rpartition("/")[2] for each in _declared(topology)}, _declared(topology).values()
    return tuple(
        sorted({each for each in roles | arns if isinstance(each, str)} | {n for some in declared for n in some})
    )


def _names(role: str, topology: Topology) -> tuple[str, str]:
    return role, role.removeprefix(f"{topology.name}-")


def _declared(topology: Topology) -> Mapping[str, tuple[str, ...]]:
    """What of the topology each role serves, by the role's ARN."""
    names = Names(topology)

    def pairs() -> Iterator[tuple[str, str]]:
        yield names.role_arn("execution", topology.hub_account), "hub"
        for job in topology.jobs:
            yield names.job_role_arn(job), job
        for name, each in topology.replications.items():
            if each.by_s3:
                yield names.replication_role_arn(each.source), name
        for actor in actors(topology, grants(topology)):
            arn = f"arn:{topology.partition}:iam::{topology.accounts[actor.account].id}:role/{actor.role}"
            yield from ((arn, site) for site in actor.sites)
            if actor.pipeline:
                yield arn, actor.pipeline

    found: dict[str, set[str]] = {}
    for arn, name in pairs():
        found.setdefault(arn, set()).add(name)
    return {arn: tuple(sorted(each)) for arn, each in found.items()}


def _right(use: Use) -> Right:
    assert use.role is not None  # noqa: S101 - `rights` takes no others
    kind = "trust" if use.document is use.role.trust else "boundary" if use.document is use.role.boundary else "policy"
    needs = {each.text: tuple(_asked(calls)) for each, calls in use.calls.items() if each.kind is Kind.ACTION}
    if kind == "boundary":
        needs = {}
    elif not needs:  # NotAction: what its texts mean is what the statement does not
        needs = {f"all but {', '.join(use.statement.not_actions)}": tuple(_asked(use.calls[WHOLE]))}
    return Right(kind, use.document.policy.name, use.statement, use.origin, needs, use.reason)


def _asked(calls: Sequence[Call]) -> Iterator[Asked]:
    by_place: dict[Place, list[Call]] = {}
    for call in calls:
        by_place.setdefault(call.place, []).append(call)
    for place in sorted(by_place):
        yield Asked(place, tuple(by_place[place]))


def _asked_as_dict(asked: Asked) -> dict[str, Any]:
    place = asked.place
    return {
        "topology": {"file": place.file, "line": place.line, "path": place.path},
        "calls": [
            {
                "who": call.flow.who,
                "does": call.flow.does,
                "action": call.flow.action,
                "resource": call.flow.resource,
                "evidence": str(call.flow.evidence),
            }
            for call in asked.calls
        ],
    }
