"""KMS: keys by any of their names, and the encryption context.

Source: docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html
"""

from __future__ import annotations

from typing import Any

from crosswind.local.authorization.asking import Ask, Context, account_in, tags_in, unknown
from crosswind.local.authorization.facts import KeyFacts
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import Row, Table
from crosswind.local.edge.call import ServiceError

__all__ = ["TABLE"]

# Parameters whose values are condition keys.
_PARAMETERS = {
    "BypassPolicyLockoutSafetyCheck": "kms:BypassPolicyLockoutSafetyCheck",
    "DataKeyPairSpec": "kms:DataKeyPairSpec",
    "EncryptionAlgorithm": "kms:EncryptionAlgorithm",
    "ExpirationModel": "kms:ExpirationModel",
    "GranteePrincipal": "kms:GranteePrincipal",
    "KeySpec": "kms:KeySpec",
    "KeyUsage": "kms:KeyUsage",
    "MacAlgorithm": "kms:MacAlgorithm",
    "MessageType": "kms:MessageType",
    "MultiRegion": "kms:MultiRegion",
    "Operations": "kms:GrantOperations",
    "Origin": "kms:KeyOrigin",
    "PendingWindowInDays": "kms:ScheduleKeyDeletionPendingWindowInDays",
    "PrimaryRegion": "kms:PrimaryRegion",
    "ReplicaRegion": "kms:ReplicaRegion",
    "RetiringPrincipal": "kms:RetiringPrincipal",
    "RotationPeriodInDays": "kms:RotationPeriodInDays",
    "SigningAlgorithm": "kms:SigningAlgorithm",
    "ValidTo": "kms:ValidTo",
    "WrappingAlgorithm": "kms:WrappingAlgorithm",
    "WrappingKeySpec": "kms:WrappingKeySpec",
}


def _key(ask: Ask, identifier: str) -> KeyFacts:
    found = ask.facts.kms_key(ask.account, ask.region, identifier)
    if found is not None:
        return found
    arn = _named(ask, identifier)
    if account_in(arn, ask.account) == ask.caller:
        # There is no key policy to ask; KMS says so to its own account's callers.
        what = f"Alias {arn} is not found." if ":alias/" in arn else f"Key '{arn}' does not exist"
        raise ServiceError("NotFoundException", what, 400)
    return KeyFacts(arn)


def _named(ask: Ask, identifier: str) -> str:
    if identifier.startswith("arn:"):
        return identifier
    return ask.arn("kms", identifier if identifier.startswith("alias/") else f"key/{identifier}")


def _keys(ask: Ask, member: str = "EncryptionContext") -> Context:
    context: Context = {"kms:CallerAccount": ask.caller}
    for name, key in _PARAMETERS.items():
        if name in ask.parameters:
            context[key] = _text(ask.parameters[name])
    pairs = ask.parameters.get(member) or {}
    context |= {f"kms:EncryptionContext:{name}": str(value) for name, value in pairs.items()}
    if pairs:
        context["kms:EncryptionContextKeys"] = list(pairs)
    constraints = ask.parameters.get("Constraints") or {}
    if constraints:
        context["kms:GrantConstraintType"] = next(iter(constraints))
    return context


def _text(value: Any) -> str | list[str]:
    if isinstance(value, list):
        return [str(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _on_key(ask: Ask, action: str, identifier: str, context: Context) -> Need:
    key = _key(ask, identifier)
    own = ask.tagged(key.arn)
    if key.aliases:
        own["kms:ResourceAliases"] = list(key.aliases)
    alias = identifier.find("alias/")
    if alias >= 0:
        own["kms:RequestAlias"] = identifier[alias:]
    return Need(f"kms:{action}", key.arn, account_in(key.arn, ask.account), context | own)


def _with_key(action: str, member: str = "KeyId") -> Row:
    def row(ask: Ask) -> list[Need]:
        identifier = ask.text(member)
        if not identifier:
            raise ServiceError("ValidationException", f"{member} is missing.", 400)
        return [_on_key(ask, action, identifier, _keys(ask) | tags_in(ask.parameters))]

    return row


def _of_ciphertext(ask: Ask, member: str, blob: str) -> str:
    """The key that a request names, else the one that made the ciphertext."""
    named = ask.text(member)
    value = ask.parameters.get(blob)
    found = ask.facts.ciphertext_key(ask.account, ask.region, value) if isinstance(value, bytes) else ""
    if not (named or found):
        raise ServiceError("InvalidCiphertextException", "", 400)
    if named and found and _key(ask, named).arn != found:
        text = "The key ID in the request does not identify a CMK that can perform this operation."
        raise ServiceError("IncorrectKeyException", text, 400)
    return named or found


def _decrypt(ask: Ask) -> list[Need]:
    return [_on_key(ask, "Decrypt", _of_ciphertext(ask, "KeyId", "CiphertextBlob"), _keys(ask))]


def _reencrypt(ask: Ask) -> list[Need]:
    source = _of_ciphertext(ask, "SourceKeyId", "CiphertextBlob")
    old, new = _key(ask, source), _key(ask, ask.text("DestinationKeyId"))
    if account_in(old.arn, "") != account_in(new.arn, "") and "alias/" in f"{source} {ask.text('DestinationKeyId')}":
        raise unknown(ask.call)  # an alias would be looked for in one of the accounts alone
    same: Context = {"kms:ReEncryptOnSameKey": "true" if old.arn == new.arn else "false"}
    return [
        _on_key(ask, "ReEncryptFrom", source, _keys(ask, "SourceEncryptionContext") | same),
        _on_key(ask, "ReEncryptTo", ask.text("DestinationKeyId"), _keys(ask, "DestinationEncryptionContext") | same),
    ]


def _retire(ask: Ask) -> list[Need]:
    if "GrantToken" in ask.parameters:
        # It does not say to us which key it is for.
        text = "The local world retires grants by KeyId and GrantId, not by GrantToken."
        raise ServiceError("InvalidGrantTokenException", text, 400)
    return list(_with_key("RetireGrant")(ask))


def _aliasing(action: str) -> Row:
    """An alias is a resource beside the key that it has, and the one that it gets."""

    def row(ask: Ask) -> list[Need]:
        alias, context = ask.text("AliasName"), _keys(ask)
        needs = [Need(f"kms:{action}", _named(ask, alias), ask.account, context)]
        if action != "CreateAlias":
            needs.append(_on_key(ask, action, alias, context))
        if action != "DeleteAlias":
            needs.append(_on_key(ask, action, ask.text("TargetKeyId"), context))
        return needs

    return row


def _create(ask: Ask) -> list[Need]:
    # There is no key yet, and so no key policy: both rights are asked of the caller's own policies
    # (docs.aws.amazon.com/kms/latest/developerguide/tag-permissions.html).
    tags = tags_in(ask.parameters)
    context = _keys(ask) | tags
    needs = [Need("kms:CreateKey", "*", ask.account, context)]
    if tags:
        needs.append(Need("kms:TagResource", ask.arn("kms", "key/*"), ask.account, context))
    return needs


_ON_KEY = (
    "CancelKeyDeletion CreateGrant DeleteImportedKeyMaterial DescribeKey DisableKey DisableKeyRotation EnableKey"
    " EnableKeyRotation Encrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext"
    " GenerateDataKeyWithoutPlaintext GenerateMac GetKeyPolicy GetKeyRotationStatus GetParametersForImport GetPublicKey"
    " ImportKeyMaterial ListGrants ListKeyPolicies ListKeyRotations ListResourceTags PutKeyPolicy ReplicateKey"
    " RevokeGrant RotateKeyOnDemand ScheduleKeyDeletion Sign TagResource UntagResource UpdateKeyDescription"
    " UpdatePrimaryRegion Verify VerifyMac"
)

TABLE = Table(
    prefix="kms",
    resources={"ListAliases": "*", "ListRetirableGrants": "*"},
    rows={
        **{operation: _with_key(operation) for operation in _ON_KEY.split()},
        "CreateAlias": _aliasing("CreateAlias"),
        "CreateKey": _create,
        "Decrypt": _decrypt,
        "DeleteAlias": _aliasing("DeleteAlias"),
        "ReEncrypt": _reencrypt,
        "RetireGrant": _retire,
        "UpdateAlias": _aliasing("UpdateAlias"),
    },
)
"""Rights of KMS."""
