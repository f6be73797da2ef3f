"""Whatever is added is found to be spare, and whatever is taken away is missed."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosswind.errors import InputError
from crosswind.prove import Finding, Origin, Proof, read_documents
from crosswind.prove.elements import Kind
from crosswind.prove.estate import Estate
from crosswind.prove.fed_stacks import Stacks
from crosswind.prove.flows import flows
from crosswind.prove.judge import Judge
from crosswind.prove.needed import Atom, Ledger
from tests.unit.prove.declared import Declared, kinds, new, statements_of

SOME = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ACTIONS = (
    "dynamodb:GetItem",
    "ec2:RunInstances",
    "iam:CreateUser",
    "kms:ReEncryptFrom",
    "s3:GetObject",
    "s3:PutBucketAcl",
    "secretsmanager:PutSecretValue",
)
RESOURCES = (
    "*",
    "arn:aws:s3:::somebody-elses-bucket/*",
    "arn:aws:dynamodb:us-east-1:222222222222:table/one",
    "arn:aws:iam::222222222222:user/somebody",
)


def atoms(declared: Declared) -> list[Atom]:
    """The statements, actions and resources of Allow statements that some flow needs, in one order."""
    resolved = Stacks(declared.stacks, declared.topology.partition)
    documents = read_documents(resolved)
    judge, ledger = Judge(documents), Ledger(documents)
    asked: dict[Any, list[Any]] = {}
    for flow in flows(Estate(declared.topology, documents, resolved)):
        asked.setdefault(flow.question, []).append(flow)
    for question, some in asked.items():
        decision = judge.decide(question)
        if decision.allowed:
            ledger.allowed(decision, some)
    simple = (Kind.STATEMENT, Kind.ACTION, Kind.RESOURCE)
    return [
        atom
        for atom, need in ledger.atoms()
        if need.flow is not None and atom.element.kind in simple and atom.statement.effect == "Allow"
    ]


_KNOWN: dict[int, list[Atom]] = {}


def _atoms(declared: Declared) -> list[Atom]:
    return _KNOWN.setdefault(id(declared), atoms(declared))


@SOME
@given(data=st.data())
def test_taking_a_needed_element_away_is_always_found(example: Declared, proof: Proof, data: st.DataObject) -> None:
    known = _atoms(example)
    atom = known[data.draw(st.integers(0, len(known) - 1))]
    origin = atom.document.origins[atom.index]
    edited, statement = example.edited(origin)
    if not _take(statement, atom):
        stack = next(each for each in edited.stacks if origin.file.endswith(f"{each.name}.json"))
        index = int(origin.path.rpartition("[")[2].rstrip("]"))
        del statements_of(stack, origin.path)[index]
    try:
        found = list(new(proof, edited.proof))
    except InputError:  # the last statement of a policy, which must have one
        return
    assert "missing" in kinds(found), f"{atom.element} of {atom.statement.sid}"
    assert all(each.flow for each in found if each.kind.value == "missing")


def _take(statement: dict[str, Any], atom: Atom) -> bool:
    """Take an element out of its list in the template; false where that would leave none."""
    if atom.element.kind is Kind.STATEMENT:
        return False
    key = atom.element.kind.value
    written = statement[key] if isinstance(statement[key], list) else [statement[key]]
    resolved = getattr(atom.statement, f"{key.lower()}s")
    if len(written) < 2:
        return False
    del written[resolved.index(atom.element.text)]
    statement[key] = written
    return True


@SOME
@given(action=st.sampled_from(ACTIONS), resource=st.sampled_from(RESOURCES), data=st.data())
def test_a_spare_statement_is_always_found(
    example: Declared, proof: Proof, action: str, resource: str, data: st.DataObject
) -> None:
    found = _planted(example, proof, {"Effect": "Allow", "Action": action, "Resource": resource}, data)
    assert found, "the planted statement is not found"
    assert kinds(found) <= {"spare", "doubled", "wide", "open"}


def _planted(example: Declared, proof: Proof, statement: dict[str, Any], data: st.DataObject) -> list[Finding]:
    """Put a statement into the policy of any role, and see what is found of it."""
    roles = sorted(
        {origin for role in example.documents().roles.values() for each in role.identity for origin in each.origins}
    )
    origin: Origin = data.draw(st.sampled_from(roles))
    edited, _ = example.edited(origin)
    stack = next(each for each in edited.stacks if origin.file.endswith(f"{each.name}.json"))
    statements_of(stack, origin.path).append({"Sid": "Planted", **statement})
    return [each for each in new(proof, edited.proof) if each.sid == "Planted"]


@SOME
@given(data=st.data())
def test_proving_twice_gives_the_same(example: Declared, proof: Proof, data: st.DataObject) -> None:
    order = data.draw(st.permutations(example.stacks))
    shuffled = Declared(example.topology, example.places, tuple(order))
    assert shuffled.proof.findings == proof.findings
