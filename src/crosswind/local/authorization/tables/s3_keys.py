"""The use of KMS keys that S3 makes with its caller's rights (forward access)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence

from crosswind.local.authorization.asking import Ask, Context, account_in
from crosswind.local.authorization.facts import KeyFacts, ObjectFacts
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.tables.s3_requests import Place
from crosswind.local.partitions import url_suffix

__all__ = ["reads", "use_key", "writes"]


def reads(place: Place, found: ObjectFacts | None) -> list[Need]:
    """`kms:Decrypt` for an object that a customer key encrypts.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    """
    if found is None or not found.encryption.startswith("aws:kms"):
        return []
    return use_key(place, ("Decrypt",), found.kms_key, bucket_key=found.bucket_key, keys_of=place.account)


def writes(place: Place, actions: Sequence[str] = ("GenerateDataKey",)) -> list[Need]:
    """The use of the key that the request names, else of the bucket's default.

    Args:
        place: what is written.
        actions: of KMS.
    """
    asked, bucket = place.ask.parameters, place.facts
    algorithm = str(asked.get("ServerSideEncryption", ""))
    if "SSECustomerAlgorithm" in asked:
        return []
    if algorithm:
        key = str(asked.get("SSEKMSKeyId", ""))
        bucket_key = bool(asked.get("BucketKeyEnabled", False))
    elif bucket is not None:
        algorithm, key = bucket.encryption, bucket.kms_key
        bucket_key = bool(asked.get("BucketKeyEnabled", bucket.bucket_key))
    if not algorithm.startswith("aws:kms"):
        return []
    # A key named by id or alias is looked for in the requester's account
    # (docs.aws.amazon.com/AmazonS3/latest/userguide/default-bucket-encryption.html).
    return use_key(place, actions, key, bucket_key=bucket_key, keys_of=place.ask.caller)


def use_key(place: Place, actions: Sequence[str], identifier: str, *, bucket_key: bool, keys_of: str) -> list[Need]:
    """The needs of actions on a key by way of S3.

    Args:
        place: the object; its bucket's Region is where S3 calls KMS.
        actions: of KMS, without prefix.
        identifier: ARN, id or alias; empty for the AWS managed key, which all of the bucket owner's principals may
            use through S3, and nobody else.
        bucket_key: whether a Bucket Key makes the bucket's ARN the encryption context.
        keys_of: the account in which an id or alias is looked for.
    """
    ask = place.ask
    region = place.facts.region if place.facts else ask.region
    if not identifier:
        if place.account == ask.caller:
            return []
        identifier, keys_of = "alias/aws/s3", place.account
    key = ask.facts.kms_key(keys_of, region, identifier) or _unknown_key(ask, keys_of, region, identifier)
    owner = account_in(key.arn, keys_of)
    if key.aws_managed and owner == ask.caller:
        return []
    via = f"s3.{region}.{url_suffix(region)}"
    pairs = _encryption_context(ask) | {"aws:s3:arn": place.bucket_arn if bucket_key else place.object_arn}
    context: Context = {f"kms:EncryptionContext:{name}": value for name, value in pairs.items()}
    context |= {
        "kms:ViaService": via,
        "kms:CallerAccount": ask.caller,
        "kms:EncryptionContextKeys": list(pairs),
        **ask.tagged(key.arn),
    }
    if key.aliases:
        context["kms:ResourceAliases"] = list(key.aliases)
    if ":alias/" in identifier or identifier.startswith("alias/"):
        context["kms:RequestAlias"] = identifier[identifier.index("alias/") :]
    return [Need(f"kms:{action}", key.arn, owner, context, forwarded_by=via) for action in actions]


def _unknown_key(ask: Ask, account: str, region: str, identifier: str) -> KeyFacts:
    # No policy is there to allow its use.
    if identifier.startswith("arn:"):
        return KeyFacts(identifier)
    kind = "" if identifier.startswith("alias/") else "key/"
    return KeyFacts(f"arn:{ask.partition}:kms:{region}:{account}:{kind}{identifier}")


def _encryption_context(ask: Ask) -> dict[str, str]:
    text = ask.parameters.get("SSEKMSEncryptionContext")
    if not isinstance(text, str):
        return {}
    try:
        found = json.loads(base64.b64decode(text))
    except (binascii.Error, ValueError):
        return {}  # S3 refuses it
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
