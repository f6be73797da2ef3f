"""The place of a policy document in a synthesized template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crosswind.iam.decision import Layer
from crosswind.iam.explanation import Document

__all__ = ["path_of"]


def path_of(document: Document, resources: Mapping[str, Any], region: str) -> str:
    """The path of a document, or of a statement of it, in a template; empty when it is not there.

    Args:
        document: which.
        resources: the template's.
        region: of the template's stack.

    Returns:
        Such as `Resources.Role.Properties.Policies[0].PolicyDocument.Statement[2]`.
    """
    if document.kind == "role":
        return next(_role_paths(resources, document), "")
    if document.kind == "bucket":
        return next(_bucket_paths(resources, document), "")
    if document.kind == "key" and f":{region}:" in document.name:
        keys = [name for name, each in resources.items() if each["Type"] == "AWS::KMS::Key"]
        paths = (
            f"Resources.{name}.Properties.KeyPolicy" + _statement(resources[name]["Properties"]["KeyPolicy"], document)
            for name in sorted(keys)
        )
        return " or ".join(paths)  # which one has this id is known only where it was made
    return ""


def _role_paths(resources: Mapping[str, Any], document: Document) -> Iterator[str]:
    for name, each in resources.items():
        properties = each.get("Properties", {})
        if each["Type"] == "AWS::IAM::Role" and properties.get("RoleName") == document.name:
            head = f"Resources.{name}.Properties"
            if document.layer == Layer.TRUST:
                trust = properties["AssumeRolePolicyDocument"]
                yield f"{head}.AssumeRolePolicyDocument" + _statement(trust, document)
            elif document.layer == Layer.IDENTITY:
                yield from _inline_paths(head, properties.get("Policies", []), document)
            yield head.removesuffix(".Properties")
        elif each["Type"] == "AWS::IAM::ManagedPolicy" and properties.get("ManagedPolicyName") == document.policy:
            policy = properties["PolicyDocument"]
            yield f"Resources.{name}.Properties.PolicyDocument" + _statement(policy, document)


def _inline_paths(head: str, policies: Sequence[Mapping[str, Any]], document: Document) -> Iterator[str]:
    for index, each in enumerate(policies):
        if document.policy in ("", each["PolicyName"]):
            yield f"{head}.Policies[{index}].PolicyDocument" + _statement(each["PolicyDocument"], document)


def _bucket_paths(resources: Mapping[str, Any], document: Document) -> Iterator[str]:
    buckets = [
        name
        for name, each in resources.items()
        if each["Type"] == "AWS::S3::Bucket" and each["Properties"].get("BucketName") == document.name
    ]
    for bucket in buckets:
        for name, each in resources.items():
            if each["Type"] == "AWS::S3::BucketPolicy" and each["Properties"]["Bucket"] in (
                {"Ref": bucket},
                document.name,
            ):
                policy = each["Properties"]["PolicyDocument"]
                yield f"Resources.{name}.Properties.PolicyDocument" + _statement(policy, document)
        yield f"Resources.{bucket}"


def _statement(policy: Mapping[str, Any], document: Document) -> str:
    """The path of a statement below its document; empty when none is meant, or none can be told apart.

    A statement that stands under a condition is in the template, but perhaps not in the live document: so the Sid
    counts, and the index only where no condition comes before it.
    """
    if document.statement is None:
        return ""
    statements: Sequence[Mapping[str, Any]] = policy["Statement"]
    for index, each in enumerate(statements):
        for path, statement in _branches(each):
            if document.sid and statement.get("Sid") == document.sid:
                return f".Statement[{index}]{path}"
    before: Iterable[Mapping[str, Any]] = statements[: document.statement + 1]
    plain = document.statement < len(statements) and not any("Fn::If" in each for each in before)
    return f".Statement[{document.statement}]" if plain and not document.sid else ""


def _branches(statement: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if "Fn::If" in statement:
        for index in (1, 2):
            yield f".Fn::If[{index}]", statement["Fn::If"][index]
    else:
        yield "", statement
