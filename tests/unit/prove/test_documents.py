"""Templates become documents: intrinsics resolved, both states of late needs, every kind of policy, origins."""

from __future__ import annotations

from typing import Any

import pytest

from crosswind.errors import InputError
from crosswind.prove.document_reader import read_documents
from crosswind.prove.documents import Documents, fewer_rights
from crosswind.prove.fed_stacks import Stacks
from crosswind.synth import Need, Stack
from tests.unit.prove.declared import Declared

ACCOUNT = "123456789012"
TRUST = {"Statement": {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}}
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}


def stack(resources: dict[str, Any], name: str = "one", **more: Any) -> Stack:
    template = {"Resources": resources, **more.pop("template", {})}
    return Stack(name, ACCOUNT, "us-east-1", "site", "here", "stack", template, **more)


def documents(*stacks: Stack, late: bool = True) -> Documents:
    return read_documents(Stacks(stacks, "aws", late=late))


def role(**properties: Any) -> dict[str, Any]:
    given = {"RoleName": "r", "AssumeRolePolicyDocument": TRUST, **properties}
    return {"Type": "AWS::IAM::Role", "Properties": given}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def bucket_policy(resource: Any) -> dict[str, Any]:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resource}
    return {
        "B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "b"}},
        "P": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": "B"}, "PolicyDocument": policy(statement)},
        },
    }


def resolved(resource: Any, **more: Any) -> tuple[str, ...]:
    found = documents(stack(bucket_policy(resource), **more))
    return found.resources["arn:aws:s3:::b"].policy.statements[0].resources


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ({"Fn::GetAtt": ["B", "Arn"]}, "arn:aws:s3:::b"),
        ({"Fn::GetAtt": "B.Arn"}, "arn:aws:s3:::b"),
        ({"Fn::Sub": "arn:${AWS::Partition}:s3:::${B}/*"}, "arn:aws:s3:::b/*"),
        ({"Fn::Sub": "${B.Arn}/${AWS::AccountId}/${AWS::Region}"}, f"arn:aws:s3:::b/{ACCOUNT}/us-east-1"),
        ({"Fn::Sub": ["${B.Arn}/${x}", {"x": {"Ref": "B"}}]}, "arn:aws:s3:::b/b"),
        ({"Fn::Sub": "arn:aws:s3:::b/${!aws:username}"}, "arn:aws:s3:::b/${aws:username}"),
        ({"Fn::Join": ["", ["arn:aws:s3:::", {"Ref": "B"}]]}, "arn:aws:s3:::b"),
        ({"Fn::Select": [1, ["arn:aws:s3:::a", "arn:aws:s3:::b"]]}, "arn:aws:s3:::b"),
        ({"Fn::Select": [0, {"Fn::Split": [",", "arn:aws:s3:::b,x"]}]}, "arn:aws:s3:::b"),
    ],
)
def test_an_intrinsic_function_is_resolved(content: Any, wanted: str) -> None:
    assert resolved(content) == (wanted,)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"Ref": "Nothing"}, "Nothing is neither a parameter nor a resource"),
        ({"Fn::GetAtt": ["B", "DomainName"]}, "the attribute DomainName of B, a AWS::S3::Bucket, is not known"),
        ({"Fn::ImportValue": "x"}, "Fn::ImportValue cannot be resolved here"),
        ({"Fn::Select": [3, ["a"]]}, "Fn::Select has no item 3"),
        ({"Fn::If": ["No", "a", "b"]}, "the condition No is not declared"),
        ({"Fn::FindInMap": ["M", "a", "b"]}, "there is no mapping M.a.b"),
        ({"Fn::Join": ["", [["a"]]]}, "text is wanted"),
        ({"Ref": "Given"}, "the parameter Given has no default, and no stack feeds it"),
    ],
)
def test_what_cannot_be_resolved_is_an_error_with_its_place(content: Any, says: str) -> None:
    with pytest.raises(InputError) as raised:
        resolved(content, template={"Parameters": {"Given": {"Type": "String"}}})
    assert says in raised.value.message
    assert raised.value.place.file == f"{ACCOUNT}/us-east-1/one.json"
    assert raised.value.place.path
    assert raised.value.hint


def test_a_parameter_is_fed_by_another_stack_early_or_late() -> None:
    parameters = {"Given": {"Type": "String", "Default": "arn:aws:s3:::default"}}
    feeding = stack({}, "two", template={"Outputs": {"Out": {"Value": "arn:aws:s3:::fed"}}})
    for late in (False, True):
        need = Need("two", "Out", "Given", late=True)
        fed = stack(bucket_policy({"Ref": "Given"}), needs=(need,), template={"Parameters": parameters})
        found = documents(fed, feeding, late=late).resources["arn:aws:s3:::b"].policy.statements[0].resources
        assert found == ("arn:aws:s3:::fed" if late else "arn:aws:s3:::default",)


def test_outputs_in_a_circle_are_an_error() -> None:
    def one(name: str, other: str) -> Stack:
        template = {
            "Parameters": {"Given": {"Type": "String"}},
            "Outputs": {"Out": {"Value": {"Ref": "Given"}}},
        }
        return stack(bucket_policy({"Ref": "Given"}), name, needs=(Need(other, "Out", "Given"),), template=template)

    with pytest.raises(InputError, match="needs itself"):
        documents(one("one", "two"), one("two", "one"))


def test_a_need_of_a_stack_that_is_not_there_is_an_error() -> None:
    template = {"Parameters": {"Given": {"Type": "String"}}}
    with pytest.raises(InputError, match="the stack none, which feeds it, is not there; stacks: one"):
        documents(stack(bucket_policy({"Ref": "Given"}), needs=(Need("none", "Out", "Given"),), template=template))


def test_a_role_has_its_inline_managed_and_attached_policies_and_its_boundary() -> None:
    managed = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"ManagedPolicyName": "m", "PolicyDocument": policy(READ)},
    }
    found = documents(
        stack(
            {
                "R": role(
                    Path="/team/",
                    Policies=[{"PolicyName": "inline", "PolicyDocument": policy(READ)}],
                    ManagedPolicyArns=[{"Ref": "M"}],
                    PermissionsBoundary={"Ref": "M"},
                ),
                "M": managed,
                "A": {
                    "Type": "AWS::IAM::RolePolicy",
                    "Properties": {"RoleName": {"Ref": "R"}, "PolicyName": "beside", "PolicyDocument": policy(READ)},
                },
            }
        )
    ).roles[f"arn:aws:iam::{ACCOUNT}:role/team/r"]
    assert [each.policy.name for each in found.identity] == ["inline", "m", "beside"]
    assert found.boundary is not None
    assert found.boundary.policy.arn == f"arn:aws:iam::{ACCOUNT}:policy/m"
    paths = [each.origins[0].path for each in found.identity]
    assert paths == [
        "Resources.R.Properties.Policies[0].PolicyDocument.Statement[0]",
        "Resources.M.Properties.PolicyDocument.Statement[0]",
        "Resources.A.Properties.PolicyDocument.Statement[0]",
    ]


def test_a_managed_policy_of_others_is_an_error() -> None:
    one = stack({"R": role(ManagedPolicyArns=["arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"])})
    with pytest.raises(InputError, match="policy/service-role/AWSGlueServiceRole is in none of the templates"):
        documents(one)


def test_the_permissions_of_a_function_are_its_policy() -> None:
    properties = {
        "FunctionName": "f",
        "Principal": "s3.amazonaws.com",
        "Action": "lambda:InvokeFunction",
        "SourceAccount": ACCOUNT,
        "SourceArn": "arn:aws:s3:::b",
    }
    found = documents(stack({"P": {"Type": "AWS::Lambda::Permission", "Properties": properties}}))
    document = found.resources[f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"]
    (statement,) = document.policy.statements
    assert statement.principals == ("s3.amazonaws.com",)
    assert {each.key for each in statement.conditions} == {"aws:SourceAccount", "aws:SourceArn"}


def test_statements_left_out_keep_the_places_of_the_others() -> None:
    content = policy({"Fn::If": ["No", READ, {"Ref": "AWS::NoValue"}]}, {**READ, "Sid": "Second"})
    conditions = {"Conditions": {"No": {"Fn::Equals": ["a", "b"]}}}
    one = stack({"R": role(Policies=[{"PolicyName": "p", "PolicyDocument": content}])}, template=conditions)
    (document,) = documents(one).roles[f"arn:aws:iam::{ACCOUNT}:role/r"].identity
    assert [each.sid for each in document.policy.statements] == ["Second"]
    assert document.origins[0].path.endswith("Statement[1]")


def test_connections_tell_which_role_airflow_assumes(example: Declared) -> None:
    found = example.documents().connections
    assert {each.external_id for each in found.values()} == {"unified-pipelines-hub"}
    assert all(each.role.startswith("arn:aws:iam::222222222222:role/unified-pipelines-") for each in found.values())


def test_before_late_needs_are_met_there_are_fewer_rights(example: Declared) -> None:
    early, late = example.documents(late=False), example.documents()
    assert len(early.roles) < len(late.roles)  # S3 replicates under a role that comes late
    assert fewer_rights(early, late)
    assert not fewer_rights(late, early)
