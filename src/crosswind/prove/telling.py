"""Findings in words: what is wrong, with the role, the statement, the flow and the topology's line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from crosswind.errors import Place
from crosswind.iam import Decision, Explanation, explain
from crosswind.prove.documents import Origin
from crosswind.prove.elements import WHOLE
from crosswind.prove.estate import Estate
from crosswind.prove.finding import Finding, FindingKind
from crosswind.prove.flow import Flow
from crosswind.prove.needed import Atom, Need
from crosswind.topology.places import Loc, Places

__all__ = ["Teller"]


class Teller:
    """Tells what a proof has found.

    Args:
        estate: all that is declared.
        places: the lines of the topology's file.
        statements: where each statement stands, by its identity.
    """

    def __init__(self, estate: Estate, places: Places, statements: Mapping[int, Atom]) -> None:
        self._estate = estate
        self._places = places
        self._statements = statements

    def missing(self, decision: Decision, flow: Flow) -> Finding:
        """A flow that is refused, with the statement that came nearest to allowing it."""
        told = explain(decision)
        near = told.near_miss
        says = f"{_who(flow.who)} {flow.does}, which needs {flow.action} on {flow.resource}: {told.why}"
        if near:
            says += f"; nearest is {near.document.sid or 'a statement'}, whose {near.element} differs"
        return Finding(
            FindingKind.MISSING,
            flow.who if told.owner in ("", _account(flow.who)) else flow.resource,
            says,
            policy=near.document.policy if near else "",
            sid=near.document.sid if near else "",
            element=near.element if near else "",
            flow=_words(flow),
            evidence=str(flow.evidence),
            asks=flow.asks,
            place=self.place(flow.asks),
            origin=self._near(told, decision),
            fix=told.fixes[0] if told.fixes else "allow it there",
        )

    def unreachable(self, finding: Finding, service: str) -> Finding:
        """A call that is refused on its way out of the hub's network; `service`: to which no endpoint leads."""
        if not service:
            return finding
        says = f"{finding.flow}: no VPC endpoint leads to {service}, and the hub's network has no other way out"
        return replace(finding, says=says, fix=f"give the hub's network an interface endpoint for {service}")

    def open(self, decision: Decision, flow: Flow) -> Finding:
        """A flow that must be refused, with the statement that allows it."""
        found = (result for layer in decision.layers for result in layer.statements)
        allowing = (each.statement for each in found if each.matched and each.statement.effect == "Allow")
        first = next((self._statements[id(each)] for each in allowing if id(each) in self._statements), None)
        by = f", by {first.statement.sid or first.document.policy.name}" if first else ""
        return Finding(
            FindingKind.OPEN,
            flow.who,
            f"{_who(flow.who)} {flow.does}: {flow.action} on {flow.resource} is allowed{by}, and must be refused",
            policy=first.document.policy.name if first else "",
            sid=first.statement.sid if first else "",
            flow=_words(flow),
            evidence=str(flow.evidence),
            asks=flow.asks,
            place=self.place(flow.asks),
            origin=_origin(first) if first else None,
            fix="narrow the statement that allows it",
        )

    def too_much(self, atom: Atom, need: Need) -> Finding:
        """A statement, or a text in it, that no flow needs, or not so wide."""
        kind, says, fix = self._judged(atom, need)
        flow = need.flow or need.used
        return Finding(
            kind,
            atom.document.holder,
            says,
            policy=atom.document.policy.name,
            sid=atom.statement.sid,
            element="" if atom.element == WHOLE else str(atom.element),
            flow=_words(flow) if flow else "",
            evidence=str(flow.evidence) if flow else "",
            asks=flow.asks if flow else "",
            place=self.place(flow.asks) if flow else self._holder_place(atom.document.holder),
            origin=_origin(atom),
            fix=fix,
        )

    def _judged(self, atom: Atom, need: Need) -> tuple[FindingKind, str, str]:
        what = f"statement {atom.statement.sid or atom.index} of {_who(atom.document.holder)}"
        part = "" if atom.element == WHOLE else f"{atom.element} in "
        if atom.statement.effect == "Deny":
            return FindingKind.SPARE, f"{part}{what} refuses nothing that must be refused", "remove it"
        if need.flow is not None:
            asked = f"{need.flow.action} on {need.flow.resource}"
            return (
                FindingKind.WIDE,
                f"{part}{what} means more than any flow needs",
                f"narrow it to what is asked: {asked}",
            )
        if need.used is None:
            return FindingKind.SPARE, f"{part}{what} is used by no flow", "remove it"
        beside = f"; beside it stands {need.beside.sid or 'another statement'}" if need.beside else ""
        says = f"all that {part}{what} allows is allowed without it{beside}"
        return FindingKind.DOUBLED, says, "remove one of the two"

    def _near(self, told: Explanation, decision: Decision) -> Origin | None:
        if told.near_miss is None:
            return None
        near = told.near_miss.document
        for layer in decision.layers:
            for result in layer.statements:
                each, atom = result.statement, self._statements.get(id(result.statement))
                if atom and (each.policy, each.index, each.sid) == (near.policy, near.statement, near.sid):
                    return _origin(atom)
        return None

    def place(self, asks: str) -> Place:
        """The line of a key path."""
        return self._places.of(*_loc(asks))

    def _holder_place(self, holder: str) -> Place:
        """The line of what a document belongs to, where no flow tells."""
        names, topology = self._estate.names, self._estate.topology
        for name in topology.jobs:
            if names.job_role_arn(name) == holder:
                return self.place(f"jobs.{name}")
        for name in topology.buckets:
            if holder in (self._estate.bucket(name), self._estate.key(name)):
                return self.place(f"buckets.{name}")
        for name, each in topology.replications.items():
            if each.by_s3 and names.replication_role_arn(each.source) == holder:
                return self.place(f"replications.{name}")
        connections = self._estate.principals.airflow_roles.get(holder, ())
        for name, site in topology.sites.items():
            if any(secret.startswith(names.secret(site.connection)) for secret, _ in connections):
                return self.place(f"sites.{name}")
        for name, declared in topology.accounts.items():
            if declared.id == _account(holder):
                return self.place(f"accounts.{name}")
        return self.place("hub")


def _origin(atom: Atom) -> Origin:
    return atom.document.origins[atom.index]


def _loc(path: str) -> Loc:
    """A dotted key path as its parts: `jobs.train.reads[0]`. What follows `data.` is one key."""
    if path.startswith("data."):
        return "data", path.removeprefix("data.")
    parts: Sequence[str] = re.findall(r"\[\d+\]|[^.\[\]]+", path)
    return tuple(int(part[1:-1]) if part.startswith("[") else part for part in parts)


def _words(flow: Flow) -> str:
    return f"{_who(flow.who)} {flow.does}: {flow.action} on {flow.resource}"


def _who(arn: str) -> str:
    """A holder for people: a role's name and account, a bucket's name."""
    if ":role/" in arn:
        return f"{arn.rpartition('/')[2]} ({_account(arn)})"
    return arn.rpartition(":")[2] if arn.startswith("arn:") else arn


def _account(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 else ""
