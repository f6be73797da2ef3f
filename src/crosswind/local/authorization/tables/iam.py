"""IAM itself.

Source: docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

import re

from crosswind.local.authorization.asking import Ask, Context, account_in, tags_in
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import Pass, Row, Table, pass_role
from crosswind.local.edge.call import ServiceError
from crosswind.local.protocol import require

__all__ = ["TABLE"]

# docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html, and of the other entities.
_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_PATH = re.compile(r"/|/[\x21-\x7e]+/")
# Without a UserName these mean the user who calls (docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html); a
# role's session is none.
_OF_THE_CALLER = frozenset(
    {"CreateAccessKey", "DeleteAccessKey", "GetUser", "ListAccessKeys", "ListMFADevices", "UpdateAccessKey"}
)
_TAG_PREFIXES = ("aws", "iam")
_KINDS = {"Group": "group", "InstanceProfile": "instance-profile", "Role": "role", "User": "user"}


def _whole(ask: Ask, arn: str, made: bool) -> str:
    """A name's ARN with the path that the entity has; `user/*` is the caller where the caller is a user."""
    head, _, rest = arn.partition(":iam:")
    kind, _, name = rest.rpartition(":")[2].partition("/")
    if made or kind not in _KINDS.values():
        return arn
    if name == "*":
        who = ask.call.principal.arn
        if ask.call.operation in _OF_THE_CALLER and ":assumed-role/" in who:
            raise ServiceError("ValidationError", "Must specify userName when calling with non-User credentials", 400)
        return who if kind == "user" and ":user/" in who else arn
    owner = account_in(f"{head}:iam:{rest}", ask.account)
    return ask.facts.iam_arn(owner, kind, name) or arn


def _policy_keys(ask: Ask) -> Context:
    """`iam:PolicyARN` of a policy that is attached, `iam:PermissionsBoundary` of one that is set or there."""
    context: Context = {}
    operation = ask.call.operation
    if operation.startswith(("Attach", "Detach")) and "PolicyArn" in ask.parameters:
        context["iam:PolicyARN"] = str(ask.parameters["PolicyArn"])
    boundary = str(ask.parameters.get("PermissionsBoundary", "")) or _boundary_there(ask)
    if boundary:
        context["iam:PermissionsBoundary"] = boundary
    return context


def _boundary_there(ask: Ask) -> str:
    for kind in ("Role", "User"):
        name = ask.parameters.get(f"{kind}Name")
        if isinstance(name, str) and not ask.call.operation.startswith(("Create", "Get", "List")):
            return ask.facts.permissions_boundary(ask.facts.iam_arn(ask.account, kind.lower(), name))
    return ""


def _path(ask: Ask, member: str = "Path") -> str:
    path = str(ask.parameters.get(member) or "/")
    if not _PATH.fullmatch(path):
        raise _invalid(path, member, _PATH)
    return path


def _name(ask: Ask, member: str) -> str:
    """The name of what is made: one with a slash would be a path that nobody has judged."""
    name = ask.text(member)
    if name and not _NAME.fullmatch(name):
        raise _invalid(name, member, _NAME)
    return name


def _invalid(value: str, member: str, pattern: re.Pattern[str]) -> ServiceError:
    text = (
        f"1 validation error detected: Value '{value}' at '{member[0].lower()}{member[1:]}' failed to satisfy"
        f" constraint: Member must satisfy regular expression pattern: {pattern.pattern}"
    )
    return ServiceError("ValidationError", text, 400)


def _creating(action: str, kind: str, member: str, tagging: str = "") -> Row:
    """A creation: the ARN has the path that the request gives."""

    def row(ask: Ask) -> list[Need]:
        name = _name(ask, member) or "*"
        arn = ask.arn("iam", f"{kind}{_path(ask)}{name}", region=False)
        tags = tags_in(ask.parameters)
        context = tags | _policy_keys(ask)
        needs = [Need(f"iam:{action}", arn, ask.account, context)]
        if tags and tagging:
            needs.append(Need(f"iam:{tagging}", arn, ask.account, context))
        return needs

    return row


def _moving(action: str, kind: str, name: str, new_name: str) -> Row:
    """A change of name or path, which needs the right on the old and on the new ARN.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/id_users_rename.html
    """

    def row(ask: Ask) -> list[Need]:
        old = _whole(ask, ask.arn("iam", f"{kind}/{ask.text(name) or '*'}", region=False), False)
        needs = [Need(f"iam:{action}", old, ask.account, ask.tagged(old, _TAG_PREFIXES))]
        if new_name in ask.parameters or "NewPath" in ask.parameters:
            place = _path(ask, "NewPath") if "NewPath" in ask.parameters else "/"
            new = _name(ask, new_name) or ask.text(name)
            needs.append(Need(f"iam:{action}", ask.arn("iam", f"{kind}{place}{new}", region=False), ask.account))
        return needs

    return row


def _add_role(ask: Ask) -> list[Need]:
    """The role in an instance profile is passed to EC2."""
    require("iam", "AddRoleToInstanceProfile", ask.parameters)
    profile = _whole(ask, ask.arn("iam", f"instance-profile/{ask.text('InstanceProfileName')}", region=False), False)
    return [
        Need("iam:AddRoleToInstanceProfile", profile, ask.account, ask.tagged(profile, _TAG_PREFIXES)),
        *pass_role(ask, Pass("RoleName", "ec2.amazonaws.com")),
    ]


def _service_linked_role(ask: Ask) -> list[Need]:
    service = ask.text("AWSServiceName") or "*"
    arn = ask.arn("iam", f"role/aws-service-role/{service}/*", region=False)
    return [Need("iam:CreateServiceLinkedRole", arn, ask.account, {"iam:AWSServiceName": service})]


def _key_last_used(ask: Ask) -> list[Need]:
    return [Need("iam:GetAccessKeyLastUsed", ask.arn("iam", "user/*", region=False), ask.account)]


TABLE = Table(
    prefix="iam",
    names={
        "CertificateNameWithPath": "ServerCertificateName",
        "GroupNameWithPath": "GroupName",
        "InstanceProfileNameWithPath": "InstanceProfileName",
        "MfaTokenIdWithPath": "SerialNumber",
        "OidcProviderName": "OpenIDConnectProviderArn",
        "RoleNameWithPath": "RoleName",
        "SamlProviderName": "SAMLProviderArn|Name",
        "UserNameWithPath": "UserName",
    },
    resources={
        "ChangePassword": "user/{UserName}",
        "CreateOpenIDConnectProvider": "oidc-provider/*+",
        "CreateVirtualMFADevice": "mfa/{VirtualMFADeviceName}+",
        "GenerateServiceLastAccessedDetails": "{Arn}",
        "GetContextKeysForPrincipalPolicy": "{PolicySourceArn}",
        "GetServiceLinkedRoleDeletionStatus": "role/*",
        "ListPoliciesGrantingServiceAccess": "{Arn}",
        "SimulatePrincipalPolicy": "{PolicySourceArn}",
    },
    tag_keys=_TAG_PREFIXES,
    passes={"RemoveRoleFromInstanceProfile": (), "CreateRole": ()},
    keys={"*": _policy_keys},
    resolve=_whole,
    rows={
        "AddRoleToInstanceProfile": _add_role,
        "CreateGroup": _creating("CreateGroup", "group", "GroupName"),
        "CreateInstanceProfile": _creating(
            "CreateInstanceProfile", "instance-profile", "InstanceProfileName", "TagInstanceProfile"
        ),
        "CreatePolicy": _creating("CreatePolicy", "policy", "PolicyName", "TagPolicy"),
        "CreateRole": _creating("CreateRole", "role", "RoleName", "TagRole"),
        "CreateSAMLProvider": _creating("CreateSAMLProvider", "saml-provider", "Name", "TagSAMLProvider"),
        "CreateServiceLinkedRole": _service_linked_role,
        "CreateUser": _creating("CreateUser", "user", "UserName", "TagUser"),
        "GetAccessKeyLastUsed": _key_last_used,
        "UpdateGroup": _moving("UpdateGroup", "group", "GroupName", "NewGroupName"),
        "UpdateServerCertificate": _moving(
            "UpdateServerCertificate", "server-certificate", "ServerCertificateName", "NewServerCertificateName"
        ),
        "UpdateUser": _moving("UpdateUser", "user", "UserName", "NewUserName"),
        "UploadServerCertificate": _creating(
            "UploadServerCertificate", "server-certificate", "ServerCertificateName", "TagServerCertificate"
        ),
    },
)
"""Rights of IAM."""
