"""AWS KMS: the key of a bucket's own, beside the bucket, and how other stacks learn of it.

A key's id is KMS's to choose, and IAM policies name keys by ARN alone (an alias there names nothing:
docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html). So the ARN goes from stack to stack as a
bucket's name does: an output, and a parameter that comes late. The ARN of a key that is there already is declared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosswind.synth import key_statements
from crosswind.synth.arns import given_arn
from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import Statement
from crosswind.synth.template import Template, get_att, if_set, ref

__all__ = ["add_key", "key_at", "key_parameter"]

# The shortest that KMS takes. A bucket must be empty before its stack goes, so by then nothing is encrypted with it.
_WINDOW_DAYS = 7


def key_parameter(bucket: str) -> str:
    """The parameter, and the output, that carries the ARN of a bucket's key: `SourceKeyArn` for `source`."""
    return f"{camel(bucket)}KeyArn"


def key_at(layout: Layout, bucket: str, site: str) -> Any:
    """The ARN of a bucket's key, as the stack of a site has it."""
    declared = layout.topology.buckets[bucket]
    if declared.existing_key is not None:
        return given_arn(declared.existing_key)
    return get_att(f"{camel(bucket)}Key", "Arn") if declared.site == site else ref(key_parameter(bucket))


def add_key(
    template: Template, layout: Layout, bucket: str, foreign_sources: Sequence[str], guests: Sequence[Statement]
) -> None:
    """Add a bucket's key with its alias and its output.

    Args:
        template: the site's.
        layout: of the topology.
        bucket: a declared bucket with `encryption: customer-key`.
        foreign_sources: the buckets of other accounts that replicate into it.
        guests: the statements of its policy for other roles of other accounts.
    """
    statements: list[Any] = [key_statements.enable_iam(layout, bucket)]
    if layout.hub_reads and layout.bucket_account(bucket) != layout.topology.hub_account:
        granted = template.condition_set("ExecutionRoleArn")
        statements.append(if_set(granted, key_statements.execution_role_use(layout, bucket, ref("ExecutionRoleArn"))))
    statements += [key_statements.replica_use(layout, bucket, source) for source in foreign_sources]
    statements += guests
    key = template.add(
        f"{camel(bucket)}Key",
        "AWS::KMS::Key",
        {
            "Description": f"{layout.topology.name}: the bucket {bucket}",
            "EnableKeyRotation": True,
            "PendingWindowInDays": _WINDOW_DAYS,
            "KeyPolicy": {"Version": "2012-10-17", "Statement": statements},
        },
        deletion="Delete",
    )
    template.add(
        f"{camel(bucket)}KeyAlias",
        "AWS::KMS::Alias",
        {"AliasName": layout.names.key_alias(bucket), "TargetKeyId": ref(key)},
    )
    template.output(key_parameter(bucket), get_att(key, "Arn"), f"The key of the bucket declared as {bucket}.")
