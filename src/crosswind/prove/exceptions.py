"""What stands in the policies although it is wider than one would wish: the one place, each with its reason.

`EXCEPTIONS` are statements that no flow needs as they are. `UNBOUND` are the actions that may stand with `Resource: *`.
The page docs/reference/roles.md prints both.
"""

from __future__ import annotations

from dataclasses import dataclass

from crosswind.prove.elements import Kind
from crosswind.prove.needed import Atom
from crosswind.topology import Topology

__all__ = ["EXCEPTIONS", "UNBOUND", "Exempt", "Unbound", "reason_for"]


@dataclass(frozen=True)
class Exempt:
    """One exception.

    Attributes:
        sid: of the statement.
        reason: why it stands.
        only_single: whether it stands with `roles: single` alone.
        holders: what the holder's ARN must contain, so that no other statement of that Sid is meant.
    """

    sid: str
    reason: str
    only_single: bool = False
    holders: str = ""


@dataclass(frozen=True)
class Unbound:
    """An action that may stand with `Resource: *`.

    Attributes:
        action: as it is written.
        reason: why, and what binds it instead.
        sid: of the one statement in which it may; empty for any.
    """

    action: str
    reason: str
    sid: str = ""


_POST = (
    "the post's grant to the hub's execution role, with `roles: single` alone; by itself it opens nothing, since that"
    " role has no rights on a site's data of its own"
)
EXCEPTIONS = (
    Exempt("HubLists", _POST, only_single=True, holders=":s3:::"),
    Exempt("HubReads", _POST, only_single=True, holders=":s3:::"),
    Exempt("HubDecrypts", _POST, only_single=True, holders=":key/"),
    Exempt(
        "UseQueueKey",
        "the key of MWAA's queues is AWS's own and has no fixed ARN: so AWS's page allows all keys but those of the"
        " account, and through SQS alone (docs.aws.amazon.com/mwaa/latest/userguide/mwaa-create-role.html)",
        holders="-execution",
    ),
)

_REGION = "takes no resource; bound to the Regions in use"
_TAG = "takes no resource when it makes one; bound to the Region, and to our tag in the request"
_LOOKS = (
    "Addresses",
    "AvailabilityZones",
    "Instances",
    "InternetGateways",
    "NatGateways",
    "NetworkAcls",
    "NetworkInterfaces",
    "RouteTables",
    "SecurityGroupRules",
    "SecurityGroups",
    "Subnets",
    "VpcEncryptionControls",
    "VpcEndpoints",
    "Vpcs",
    "VpnGateways",
)
_STATE = (
    "StackSets tells the state of an instance by way of a bucket of its own, which AWS names nowhere; bound to other"
    " accounts' buckets (docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs-self-managed.html)"
)
UNBOUND = (
    Unbound("airflow:ListEnvironments", _REGION),
    Unbound("cloudformation:CreateStackSet", _TAG),
    Unbound("cloudformation:DescribeStacks", "without a name it lists, and takes no resource; bound to the Regions"),
    Unbound("cloudformation:GetTemplateSummary", "of a template it takes no resource; bound to the Regions in use"),
    Unbound("cloudformation:ListStackSets", _REGION),
    Unbound("cloudformation:ListStacks", _REGION),
    Unbound("cloudformation:ValidateTemplate", _REGION),
    Unbound("cloudwatch:PutMetricData", "takes no resource; roles of jobs are bound to the namespace of their service"),
    *(Unbound(f"ec2:Describe{what}", _REGION) for what in _LOOKS),
    Unbound("ecr:GetAuthorizationToken", "takes no resource: it logs in to a registry, and opens no repository"),
    Unbound("glue:GetJobs", _REGION),
    Unbound("iam:ListRoles", "takes no resource; IAM has no Regions"),
    Unbound("kms:CreateKey", _TAG),
    Unbound("kms:ListAliases", _REGION),
    Unbound("kms:ListKeys", _REGION),
    Unbound("lambda:ListFunctions", _REGION),
    Unbound("logs:DescribeIndexPolicies", "asked for all log groups; bound to the Regions in use"),
    Unbound("logs:DescribeLogGroups", "asked for all log groups; AWS's page for MWAA shows it so"),
    Unbound("logs:DescribeResourcePolicies", _REGION),
    Unbound("s3:GetAccountPublicAccessBlock", "takes no resource: it is about the account"),
    Unbound("s3:GetObject", _STATE, sid="TellState"),
    Unbound("s3:PutObject", _STATE, sid="TellState"),
    Unbound("sagemaker:ListProcessingJobs", _REGION),
    Unbound("sagemaker:ListTrainingJobs", _REGION),
    Unbound("secretsmanager:ListSecrets", _REGION),
    Unbound("sqs:ListQueues", _REGION),
)


def reason_for(atom: Atom, topology: Topology) -> str:
    """Why an element stands that no flow needs; empty when nothing says so.

    Args:
        atom: the element.
        topology: which says how many roles there are.
    """
    for each in EXCEPTIONS:
        whole = atom.element.kind is Kind.STATEMENT
        meant = whole and each.sid == atom.statement.sid and each.holders in atom.document.holder
        if meant and (topology.roles == "single" or not each.only_single):
            return each.reason
    return ""
