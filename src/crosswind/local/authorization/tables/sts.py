"""STS: who may become which role.

Source: docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html,
docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html and id_credentials_temp_control-access_monitor.html.
"""

from __future__ import annotations

from crosswind.local.authorization.asking import Ask, Context, account_in, request_tags
from crosswind.local.authorization.facts import SessionFacts
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import Table
from crosswind.local.edge.call import ServiceError

__all__ = ["TABLE"]

_NOTHING_HANDED_ON = SessionFacts()


def _assume_role(ask: Ask) -> list[Need]:
    asked = ask.parameters
    role = str(asked.get("RoleArn", ""))
    if not role.startswith("arn:") or role.count(":") < 5:
        raise ServiceError("ValidationError", f"{role} is invalid", 400)
    owner = account_in(role, ask.account)
    caller = ask.call.principal
    if caller.account == owner and caller.arn.endswith(":root"):
        return []  # the way into this world: root may become any role of its account; on AWS it may become none
    handed_on = ask.facts.session(ask.call.principal.access_key) or _NOTHING_HANDED_ON
    context: Context = {"sts:RoleSessionName": str(asked.get("RoleSessionName", "")), **ask.tagged(role, _TAGS)}
    if "ExternalId" in asked:
        context["sts:ExternalId"] = str(asked["ExternalId"])
    tags = {str(tag.get("Key", "")): str(tag.get("Value", "")) for tag in asked.get("Tags") or ()}
    if tags:
        context |= request_tags(tags)
    if asked.get("TransitiveTagKeys"):
        context["sts:TransitiveTagKeys"] = [str(key) for key in asked["TransitiveTagKeys"]]
    identity = str(asked.get("SourceIdentity", "")) or handed_on.source_identity
    if identity:
        context["sts:SourceIdentity"] = identity
    actions = ["sts:AssumeRole"]
    if tags or handed_on.transitive_tags:
        actions.append("sts:TagSession")
    if identity:
        actions.append("sts:SetSourceIdentity")
    return [Need(action, role, owner, context) for action in actions]


_TAGS = ("aws", "iam")

TABLE = Table(
    prefix="sts",
    resources={
        "GetFederationToken": "federated-user/{Name}",
        "AssumeRoot": "{TargetPrincipal}",
    },
    rows={"AssumeRole": _assume_role},
    # No permissions are required for these (docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html,
    # API_GetSessionToken.html, API_GetAccessKeyInfo.html needs one).
    free=frozenset({"GetCallerIdentity", "GetSessionToken"}),
)
"""Rights of STS. Federation by SAML and OpenID Connect asks the trust policy only, which `Sts` does not offer."""
