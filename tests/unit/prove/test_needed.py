"""What is needed, read from traces, is what is needed by brute force: take it away, and see what fails."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from crosswind.iam import Policy, PolicyError, parse
from crosswind.prove.document_reader import read_documents
from crosswind.prove.documents import Document, Documents
from crosswind.prove.elements import WHOLE, Element, Kind
from crosswind.prove.estate import Estate
from crosswind.prove.fed_stacks import Stacks
from crosswind.prove.flow import Flow
from crosswind.prove.flows import flows
from crosswind.prove.judge import Judge, Question
from crosswind.prove.needed import Atom, Ledger
from crosswind.prove.refusals import Doings, refused
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.prove.declared import Declared


@pytest.mark.parametrize("name", ["unified_pipelines", "customer_keys"])
def test_the_traces_say_what_brute_force_does(name: str) -> None:
    declared = Declared.of(TOPOLOGIES[name])
    resolved = Stacks(declared.stacks, declared.topology.partition)
    documents = read_documents(resolved)
    estate = Estate(declared.topology, documents, resolved)
    every = list(flows(estate))
    judge, ledger = Judge(documents), Ledger(documents)
    allowed: dict[Question, list[Flow]] = defaultdict(list)
    for flow in every:
        allowed[flow.question].append(flow)
    touching: dict[int, list[tuple[Question, bool]]] = defaultdict(list)
    for question, some in list(allowed.items()):
        decision = judge.decide(question)
        if decision.allowed:
            ledger.allowed(decision, some)
            _note(touching, decision, question, True)
    for flow in refused(Doings(estate, every)):
        decision = judge.decide(flow.question)
        if not decision.allowed:
            denies = [
                result.statement
                for layer in decision.layers
                for result in layer.statements
                if result.matched and result.statement.effect == "Deny"
            ]
            if len(denies) == 1 and judge.allowed_without(flow.question, denies[0]):
                ledger.refused(decision, flow, denies)
            _note(touching, decision, flow.question, False)
    differ = [
        f"{atom.document.holder} {atom.statement.sid} {atom.element}: brute force says {fails}"
        for atom, need in ledger.atoms()
        if (fails := _fails(documents, atom, touching)) is not (need.flow is not None)
    ]
    assert differ == []


def _note(touching: dict[int, list[tuple[Question, bool]]], decision: Any, question: Question, allowed: bool) -> None:
    policies = {id(result.statement) for layer in decision.layers for result in layer.statements}
    for each in policies:
        touching[each].append((question, allowed))


def _fails(documents: Documents, atom: Atom, touching: Mapping[int, list[tuple[Question, bool]]]) -> bool:
    """Whether any question is answered otherwise once an element is taken away."""
    judge = Judge(_replaced(documents, atom.document, _without(atom)))
    return any(
        judge.decide(question, whole=False).allowed is not allowed for question, allowed in touching[id(atom.statement)]
    )


def _without(atom: Atom) -> Policy:
    """The policy without one element; without the statement when it was the last of its list."""
    policy = atom.document.policy
    raws = [copy.deepcopy(dict(each.raw)) for each in policy.statements]
    raw, element = raws[atom.index], atom.element
    if element == WHOLE or not _taken(raw, element):
        del raws[atom.index]
    if not raws:
        return replace(policy, statements=(), ready=())
    try:
        return parse(
            {"Version": "2012-10-17", "Statement": raws},
            policy.kind,
            name=policy.name,
            arn=policy.arn,
            account=policy.account,
        )
    except PolicyError as error:  # pragma: no cover - a mistake of this test's
        raise AssertionError(f"{atom.element} of {atom.statement.sid}: {error}") from error


def _taken(raw: dict[str, Any], element: Element) -> bool:
    """Take a text out of its list; false when nothing would be left of the list."""
    holder, key = raw, element.kind.value
    if element.kind is Kind.PRINCIPAL:
        holder, key = raw["Principal"], element.key
    elif element.kind is Kind.CONDITION:
        operator, _, key = element.key.rpartition(" ")
        holder = raw["Condition"][operator]
    listed = holder[key] if isinstance(holder[key], list) else [holder[key]]
    holder[key] = [each for each in listed if each != element.text]
    if not holder[key] and element.kind is Kind.PRINCIPAL:
        del holder[key]
        return bool(holder)
    return bool(holder[key])


def _replaced(documents: Documents, old: Document, policy: Policy) -> Documents:
    made = Document(policy, old.holder, ())

    def put(document: Document) -> Document:
        return made if document is old else document

    roles = {
        arn: replace(
            role,
            trust=put(role.trust),
            identity=tuple(put(each) for each in role.identity),
            boundary=put(role.boundary) if role.boundary else None,
        )
        for arn, role in documents.roles.items()
    }
    resources = {arn: put(each) for arn, each in documents.resources.items()}
    return replace(documents, roles=roles, resources=resources)
