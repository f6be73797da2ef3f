"""The proof: every flow decided once, everything that the policies allow held against the flows, refusals refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from crosswind.iam import Decision, Effect, Statement
from crosswind.prove.document_reader import read_documents
from crosswind.prove.documents import Documents, Role, fewer_rights
from crosswind.prove.elements import WHOLE, Element
from crosswind.prove.estate import Estate
from crosswind.prove.exceptions import reason_for
from crosswind.prove.fed_stacks import Stacks
from crosswind.prove.finding import Excepted, Finding, Proof
from crosswind.prove.flow import Flow
from crosswind.prove.flows import DEPLOYMENT, flows
from crosswind.prove.judge import Judge, Question
from crosswind.prove.needed import Atom, Ledger
from crosswind.prove.refusals import Doings, capped, refused
from crosswind.prove.telling import Teller
from crosswind.prove.uses import Call, Use
from crosswind.prove.way_out import WayOut
from crosswind.synth import OwnerDocument, Stack, owner_documents
from crosswind.topology import Topology
from crosswind.topology.places import Places

__all__ = ["prove", "uses"]


def prove(
    topology: Topology, places: Places, stacks: Sequence[Stack], owners: Sequence[OwnerDocument] | None = None
) -> Proof:
    """Hold the policies of templates against all flows of a topology.

    Args:
        topology: checked.
        places: the lines of its file.
        stacks: all of its stacks, the deployer's too, with the templates to prove.
        owners: what is added to resources that are there already; without, all that synthesis asks their owners for.

    Returns:
        What is missing, open, spare, doubled or wide; and what stands for a listed reason.

    Raises:
        InputError: a template holds what cannot be resolved, or a type that is not known.
    """
    given = owner_documents(topology) if owners is None else owners
    whole = _Prover(topology, places, stacks, given, late=True)
    found = list(whole.findings())
    if any(need.late for stack in stacks for need in stack.needs):
        found += _Prover(topology, places, stacks, given, late=False).first_deployment(whole.documents, found)
    findings = tuple(sorted(dict.fromkeys(found), key=lambda each: each.order))
    return Proof(findings, tuple(whole.exceptions), dict(whole.counts))


def uses(topology: Topology, places: Places, stacks: Sequence[Stack]) -> tuple[Use, ...]:
    """What each statement is for: the flows that it, and each text in it, allows or refuses.

    Args:
        topology: checked.
        places: the lines of its file.
        stacks: all of its stacks, the deployer's too.

    Returns:
        One for each statement of each document, once all late needs are met; roles in order of their ARN, and resources
        after them.

    Raises:
        InputError: a template holds what cannot be resolved, or a type that is not known.
    """
    prover = _Prover(topology, places, stacks, owner_documents(topology), late=True, keep=True)
    for _ in prover.findings():
        pass  # what is found is for `prove` to tell
    return tuple(prover.uses())


class _Prover:
    """One state of the stacks."""

    def __init__(
        self,
        topology: Topology,
        places: Places,
        stacks: Sequence[Stack],
        owners: Sequence[OwnerDocument],
        *,
        late: bool,
        keep: bool = False,
    ) -> None:
        resolved = Stacks(stacks, topology.partition, late=late, owners=owners)
        self.documents: Documents = read_documents(resolved)
        self.exceptions: list[Excepted] = []
        self._given = owners
        self.counts: Counter[str] = Counter()
        self._estate = Estate(topology, self.documents, resolved)
        self._way_out = WayOut(self._estate)
        self._judge = Judge(self.documents)
        self._ledger = Ledger(self.documents, keep)
        self._teller = Teller(self._estate, places, self._ledger.statements)

    def findings(self) -> Iterator[Finding]:
        """All that is wrong once every stack is as it should be."""
        every = tuple(flows(self._estate))
        yield from self._sufficient(every)
        yield from self._refused(Doings(self._estate, every))
        yield from self._needed()
        self.counts["owners"] = len(self._given)
        self.counts["roles"] = len(self.documents.roles)
        self.counts["documents"] = sum(1 for _ in self.documents.all())

    def uses(self) -> Iterator[Use]:
        """What each statement is for; after `findings`, of a ledger that keeps every flow."""
        roles = (self.documents.roles[arn] for arn in sorted(self.documents.roles))
        held = [(role, document) for role in roles for document in role.documents]
        for role, document in (*held, *((None, each) for each in self.documents.resources.values())):
            for index, statement in enumerate(document.policy.statements):
                atom = Atom(document, index, WHOLE)
                calls = {
                    element: tuple(
                        Call(flow, self._teller.place(flow.asks)) for flow in self._users(atom, element, role)
                    )
                    for element in self._ledger.elements(statement)
                }
                yield Use(role, document, index, calls, reason_for(atom, self._estate.topology))

    def _users(self, atom: Atom, element: Element, role: Role | None) -> Iterator[Flow]:
        """The flows that use an element; of a policy that several roles share, those of one of them."""
        for flow in dict.fromkeys(self._ledger.users(atom.statement, element)):
            if role is None or atom.document is role.trust or flow.who == role.arn:
                yield flow

    def first_deployment(self, afterwards: Documents, known: Iterable[Finding]) -> Iterator[Finding]:
        """What is wrong while late needs are not met yet, and not afterwards: in deploying, and what is open.

        Args:
            afterwards: the documents once they are met.
            known: what is wrong then.
        """
        told = {(each.kind, each.holder, each.flow) for each in known}
        deploying = tuple(flow for family in DEPLOYMENT for flow in family(self._estate))
        found = list(self._sufficient(deploying, whole=False))
        if not fewer_rights(self.documents, afterwards):
            found += self._refused(Doings(self._estate, tuple(flows(self._estate))))
        for each in found:
            if (each.kind, each.holder, each.flow) not in told:
                yield replace(each, late=True, says=f"{each.says}, before the stacks' late needs are met")

    def _sufficient(self, every: Iterable[Flow], *, whole: bool = True) -> Iterator[Finding]:
        """Each question decided once, for all flows that ask it; the ledger is kept for whole decisions alone."""
        asked: dict[Question, list[Flow]] = {}
        for flow in every:
            self.counts["flows"] += 1
            asked.setdefault(flow.question, []).append(flow)
        self.counts["questions"] += len(asked)
        for question, some in asked.items():
            decision = self._judge.decide(question, whole=whole)
            through = self._way_out.policy(some[0])
            if not decision.allowed:
                yield self._teller.missing(self._judge.decide(question), some[0])
                continue
            if through is not None and not self._judge.decide(question, whole=False, through=through).allowed:
                told = self._teller.missing(self._judge.decide(question, through=through), some[0])
                yield self._teller.unreachable(told, self._way_out.missing(some[0]))
            if whole:
                self._ledger.allowed(decision, some)

    def _needed(self) -> Iterator[Finding]:
        """What no flow needs; of a statement that is spare as a whole, nothing more is told."""
        spare: set[tuple[int, int]] = set()
        for atom, need in self._ledger.atoms():
            self.counts["elements"] += 1
            if need.flow is not None and (need.covered or atom.statement.effect == "Deny"):
                continue
            place = (id(atom.document), atom.index)
            if atom.element != WHOLE and place in spare:
                continue
            if atom.element == WHOLE and need.flow is None:
                spare.add(place)
            if reason := reason_for(atom, self._estate.topology):
                origin = atom.document.origins[atom.index]
                self.exceptions.append(Excepted(atom.document.holder, atom.statement.sid, reason, origin))
            else:
                yield self._teller.too_much(atom, need)

    def _refused(self, doings: Doings) -> Iterator[Finding]:
        """What must be refused, by policies alone, whatever boundaries refuse beside them; a Deny may be needed for it.

        And by boundaries alone, whatever a role's policies come to allow.
        """
        for flow in capped(doings):
            self.counts["refusals"] += 1
            if self._judge.decide(flow.question, whole=False, by="boundary").allowed:
                yield self._teller.open(self._judge.decide(flow.question, by="boundary"), flow)
        seen: set[Question] = set()
        for flow in refused(doings):
            if flow.question in seen:
                continue
            seen.add(flow.question)
            self.counts["refusals"] += 1
            decision = self._judge.decide(flow.question, whole=False, by="policies")
            if decision.allowed:
                yield self._teller.open(self._judge.decide(flow.question, by="policies"), flow)
            elif decision.effect is Effect.EXPLICIT_DENY:
                whole = self._judge.decide(flow.question, by="policies")
                self._ledger.refused(whole, flow, self._deciding(whole, flow))

    def _deciding(self, decision: Decision, flow: Flow) -> Sequence[Statement]:
        """The Deny without which a flow would be allowed; none where several stand in its way."""
        denies = _denies(decision)
        return denies if len(denies) == 1 and self._judge.allowed_without(flow.question, denies[0]) else ()


def _denies(decision: Decision) -> Sequence[Statement]:
    """The Deny statements that matched."""
    results = (result for layer in decision.layers for result in layer.statements)
    return [each.statement for each in results if each.matched and each.statement.effect == "Deny"]
