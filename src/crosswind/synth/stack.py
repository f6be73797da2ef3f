"""What synthesis gives: stacks as plain values, and their templates as text that CloudFormation takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from crosswind.errors import InputError

__all__ = ["INLINE_BYTES", "MAX_BYTES", "MAX_RESOURCES", "Need", "Stack", "compact", "pretty"]

# docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
INLINE_BYTES = 51_200
MAX_BYTES = 1_000_000
MAX_RESOURCES = 500


@dataclass(frozen=True, order=True)
class Need:
    """What a stack needs of another one: that it is there, and perhaps one of its outputs.

    Attributes:
        stack: the name of the stack that must be there.
        output: the output that feeds `parameter`; empty for order alone.
        parameter: the parameter that it feeds; empty for order alone.
        late: the stack is first deployed without it (the parameter's default is empty) and updated once the
            other one is there. Late needs may form circles between stacks; the others never do.
    """

    stack: str
    output: str = ""
    parameter: str = ""
    late: bool = False


@dataclass(frozen=True)
class Stack:
    """One stack, or one StackSet with one instance.

    Attributes:
        name: of the stack or StackSet.
        account: the account whose resources it holds.
        region: the Region whose resources it holds.
        part: `stacksets`, `site`, `network`, `airflow` or `deployer`; `jobs` of a site that is divided, `connections`
            of a hub that is.
        site: the site's name; the account's declared name for `stacksets` and `deployer`; `hub` for the hub's.
        kind: `stack`, or `stackset` (self-managed, one instance in `account` and `region`).
        template: the template, plain data.
        capabilities: as CreateStack takes them.
        parameters: every parameter, with its default (None: a value must be given).
        outputs: every output's name, sorted.
        needs: of other stacks, sorted.
        object_versions: S3 keys in the hub's bucket by the parameter that takes their version id.
        admin_region: for a StackSet, the Region in which it is administered (in `account`); else `region`.
        administration_role: for a StackSet, the ARN of its administration role.
        execution_role: for a StackSet, the name of its execution role.
    """

    name: str
    account: str
    region: str
    part: Literal["stacksets", "site", "jobs", "network", "airflow", "connections", "deployer"]
    site: str
    kind: Literal["stack", "stackset"]
    template: dict[str, Any] = field(hash=False)
    capabilities: tuple[str, ...] = ()
    parameters: Mapping[str, str | None] = field(default_factory=dict, hash=False)
    outputs: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    object_versions: Mapping[str, str] = field(default_factory=dict, hash=False)
    admin_region: str = ""
    administration_role: str = ""
    execution_role: str = ""


def compact(template: Mapping[str, Any], *, inline: bool = True, name: str = "template") -> str:
    """The template as compact, sorted JSON.

    Args:
        template: the template.
        inline: it is to be sent in the call itself (at most 51,200 bytes), not by an S3 URL (1 MB).
        name: the stack's name, for the error.

    Raises:
        InputError: when the template is over a limit of CloudFormation.
    """
    text = json.dumps(template, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    size = len(text.encode())
    limit = INLINE_BYTES if inline else MAX_BYTES
    if size > limit:
        how = "in the call itself" if inline else "from S3"
        raise InputError(
            f"stack {name}: its template has {size:,} bytes; CloudFormation takes {limit:,} {how}",
            hint="shorten inline Lambda sources, or declare fewer buckets and jobs for this site",
        )
    count = len(template["Resources"])
    if count > MAX_RESOURCES:
        raise InputError(
            f"stack {name}: its template has {count} resources; CloudFormation takes {MAX_RESOURCES}",
            hint="spread the buckets and jobs of this site over several sites",
        )
    return text


def pretty(template: Mapping[str, Any]) -> str:
    """The template as sorted JSON for people and golden files; ends with a newline."""
    return json.dumps(template, sort_keys=True, indent=2, ensure_ascii=False) + "\n"
