"""What must be refused is asked about: each guard of the templates, loosened by hand, opens something that is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crosswind.prove import Finding, Origin, Proof
from tests.unit.prove.declared import Declared, new, statements_of

Statement = dict[str, Any]


def origin_of(declared: Declared, sid: str, holder: str) -> Origin:
    """Where the statement of a Sid stands whose holder's ARN ends so."""
    for document in declared.documents().all():
        for statement, origin in zip(document.policy.statements, document.origins, strict=True):
            if statement.sid == sid and document.holder.endswith(holder):
                return origin
    raise AssertionError(f"no {sid} of {holder}")


def trust_of(declared: Declared, role: str) -> Origin:
    return declared.documents().roles[role].trust.origins[0]


def loosened(declared: Declared, proof: Proof, origin: Origin, change: Callable[[Statement], object]) -> list[Finding]:
    edited, statement = declared.edited(origin)
    change(statement)
    return [each for each in new(proof, edited.proof) if each.kind.value == "open"]


def removed(declared: Declared, proof: Proof, origin: Origin) -> list[Finding]:
    edited, _ = declared.edited(origin)
    stack = next(each for each in edited.stacks if origin.file.endswith(f"{each.name}.json"))
    del statements_of(stack, origin.path)[int(origin.path.rpartition("[")[2].rstrip("]"))]
    return [each for each in new(proof, edited.proof) if each.kind.value == "open"]


def airflow_role(declared: Declared) -> str:
    return next(each.role for each in declared.documents().connections.values())


@pytest.mark.parametrize(
    ("sid", "says"),
    [
        ("TlsOnly", "reaches a bucket without TLS"),
        ("HandoversOnce", "publishes over a handover"),
    ],
)
def test_a_deny_that_is_removed_opens_something(example: Declared, proof: Proof, sid: str, says: str) -> None:
    found = removed(example, proof, origin_of(example, sid, "source-222222222222-us-east-1"))
    assert found
    assert all(says in each.says for each in found)
    assert {each.place.path for each in found if "TLS" not in each.says} <= {
        "pipelines.cross_account_data_processing_dag.steps[1].run"
    }


@pytest.mark.parametrize("sid", ["NoOtherEncryption", "NoOtherKey"])
def test_a_bucket_without_its_guard_takes_other_encryption(customer_keys: Declared, sid: str) -> None:
    found = removed(customer_keys, customer_keys.proof, origin_of(customer_keys, sid, "source-222222222222-us-east-1"))
    assert any("encrypts an upload" in each.says for each in found)


def test_a_trust_without_the_external_id(example: Declared, proof: Proof) -> None:
    origin = trust_of(example, airflow_role(example))
    found = loosened(example, proof, origin, lambda each: each["Condition"].pop("StringEquals"))
    said = " ".join(each.says for each in found)
    assert "without the external id" in said
    assert "with a wrong external id" in said
    assert {each.place.path for each in found} == {"external_id"}


def test_a_trust_in_everybody(example: Declared, proof: Proof) -> None:
    def open_(statement: Statement) -> None:
        statement["Principal"] = {"AWS": "*"}
        del statement["Condition"]["ArnEquals"]

    found = loosened(example, proof, trust_of(example, airflow_role(example)), open_)
    said = " ".join(each.says for each in found)
    assert "from the account of a stranger" in said
    assert "under another role of the hub's account" in said


def test_a_role_that_may_be_passed_to_any_service(example: Declared, proof: Proof) -> None:
    origin = origin_of(example, "PassTrainingRole", airflow_role(example))
    found = loosened(example, proof, origin, lambda each: each.pop("Condition"))
    assert ["passes a role to another service" in each.says for each in found] == [True]


def test_any_role_that_may_be_passed(example: Declared, proof: Proof) -> None:
    origin = origin_of(example, "PassTrainingRole", airflow_role(example))
    found = loosened(example, proof, origin, lambda each: each.update(Resource="*"))
    assert any("passes a role that is none of its own" in each.says for each in found)


def test_a_service_of_another_account(example: Declared, proof: Proof) -> None:
    role = next(arn for arn in example.documents().roles if "sagemaker" in arn)
    found = loosened(example, proof, trust_of(example, role), lambda each: each.pop("Condition"))
    assert any("takes a role for another account" in each.says for each in found)


@pytest.mark.parametrize(
    ("action", "resource", "says"),
    [
        ("s3:GetObject", "arn:aws:s3:::*", "GetObject in a folder that is none of its own"),
        ("s3:DeleteBucket", "arn:aws:s3:::*", "removes a bucket"),
        ("lambda:InvokeFunction", "*", ""),
        ("secretsmanager:GetSecretValue", "*", ""),  # across accounts the secret's side refuses all the same
        ("iam:PutRolePolicy", "*", "gives itself more rights"),
        ("sts:AssumeRole", "*", ""),
    ],
)
def test_a_right_too_much_of_airflows_role(
    example: Declared, proof: Proof, action: str, resource: str, says: str
) -> None:
    origin = origin_of(example, "RunGlue", airflow_role(example))
    edited, _ = example.edited(origin)
    stack = next(each for each in edited.stacks if origin.file.endswith(f"{each.name}.json"))
    planted = {"Sid": "Planted", "Effect": "Allow", "Action": action, "Resource": resource}
    statements_of(stack, origin.path).append(planted)
    found = list(new(proof, edited.proof))
    assert any(each.sid == "Planted" for each in found)
    assert any(says in each.says for each in found if each.kind.value == "open") is bool(says)


def test_a_role_with_a_boundary_is_made_with_it(example: Declared) -> None:
    role = next(arn for arn in example.documents().roles if "sagemaker" in arn)
    path = example.documents().roles[role].trust.origins[0]
    edited, _ = example.edited(path)
    stack = next(each for each in edited.stacks if path.file.endswith(f"{each.name}.json"))
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    stack.template["Resources"]["Bound"] = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"ManagedPolicyName": "bound", "PolicyDocument": document},
    }
    stack.template["Resources"][path.path.split(".")[1]]["Properties"]["PermissionsBoundary"] = {"Ref": "Bound"}
    arn = "arn:aws:iam::222222222222:policy/bound"
    bound = edited.documents().roles[role].boundary
    assert bound is not None
    assert bound.holder == arn
    made = [each for each in edited.flows() if each.resource == role and each.action == "iam:CreateRole"]
    assert {dict(each.context)["iam:PermissionsBoundary"] for each in made} == {arn}
    assert any("iam:PutRolePermissionsBoundary" in each.says for each in edited.proof.findings)
    # The boundary limits: what it leaves open, the role may not do.
    refused = [each for each in edited.proof.findings if each.kind.value == "missing" and "sagemaker" in each.says]
    assert any("logs:" in each.says for each in refused)
