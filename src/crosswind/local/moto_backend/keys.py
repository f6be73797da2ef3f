"""KMS keys as moto holds them: their policies, grants and aliases."""

from __future__ import annotations

import json
from typing import Any

from crosswind.local.authorization.documents import Document, KeptGrant
from crosswind.local.moto_backend.guarded import regional, used
from crosswind.local.moto_backend.locks import Locks

__all__ = ["Keys"]

_KEY_ID = 36  # characters of a key's id, the one of a multi-Region key too


class Keys(Locks):
    """Reads of KMS's state."""

    def key_policy(self, arn: str) -> Document | None:
        """A key's policy by the key's ARN; the one that AWS gives where the key was made without."""
        key = _key(arn)
        if key is None:
            return None
        service = _managed_for(key)
        text = _aws_managed_policy(key, service) if service else key.policy
        return Document(text, key.id, arn, key.account_id)

    def key_grants(self, arn: str) -> tuple[KeptGrant, ...]:
        """A key's grants by the key's ARN."""
        key = _key(arn)
        return tuple(_grant(one) for one in list(key.grants.values())) if key is not None else ()

    def key_is_managed(self, arn: str) -> bool:
        """Whether AWS manages a key, by the key's ARN."""
        key = _key(arn)
        return key is not None and bool(_managed_for(key))

    def key_state(self, arn: str) -> str:
        """`Enabled`, `Disabled`, `PendingDeletion`, ... by a key's ARN; empty when there is no such key."""
        key = _key(arn)
        return str(key.key_state) if key is not None else ""

    def ciphertext_key(self, account: str, region: str, blob: bytes) -> str:
        """The ARN of the key that made a ciphertext, of whatever account; empty when it is none of KMS's."""
        # moto's ciphertexts begin with the key's id.
        identifier = blob[:_KEY_ID].decode("ascii", "replace")
        backends = used("kms", "kms_backends")
        accounts = [account, *(each for each in list(backends or ()) if each != account)]
        for each in accounts:
            backend = regional("kms", "kms_backends", each, region)
            key = backend.keys.get(identifier) if backend is not None else None
            if key is not None:
                return str(key.arn)
        return ""

    def kms_key_arn(self, account: str, region: str, identifier: str) -> str:
        """A key's ARN by its id, its ARN, an alias or an alias's ARN; empty when there is none.

        An alias of AWS's own such as `alias/aws/s3` makes the key when it is first used, as on AWS.
        """
        if identifier.startswith("arn:"):
            parts = identifier.split(":", 5)
            if len(parts) < 6:
                return ""
            region, account, identifier = parts[3], parts[4], parts[5].removeprefix("key/")
        backend = regional("kms", "kms_backends", account, region)
        if not identifier.startswith("alias/"):
            key = backend.keys.get(identifier) if backend is not None else None
            return str(key.arn) if key is not None else ""
        for key in list(backend.keys.values()) if backend is not None else ():
            if identifier in key.aliases:
                return str(key.arn)
        return self._made(account, region, identifier) if identifier.startswith("alias/aws/") else ""

    def _made(self, account: str, region: str, alias: str) -> str:
        # Slow to import, and needed where encryption is alone.
        from moto.kms.models import kms_backends

        with self.locked("kms", account):
            backend = kms_backends[account][region]
            made = backend._generate_default_keys(alias)
            return str(backend.keys[made].arn) if made else ""


def _key(arn: str) -> Any:
    parts = arn.split(":", 5)
    if len(parts) < 6 or not parts[5].startswith("key/"):
        return None
    backend = regional("kms", "kms_backends", parts[4], parts[3])
    return backend.keys.get(parts[5].removeprefix("key/")) if backend is not None else None


def _grant(grant: Any) -> KeptGrant:
    constraints = grant.constraints or {}
    return KeptGrant(
        grant.id,
        grant.grantee_principal,
        tuple(grant.operations),
        dict(constraints.get("EncryptionContextEquals") or {}),
        dict(constraints.get("EncryptionContextSubset") or {}),
    )


def _managed_for(key: Any) -> str:
    return next((alias.removeprefix("alias/aws/") for alias in list(key.aliases) if alias.startswith("alias/aws/")), "")


def _aws_managed_policy(key: Any, service: str) -> str:
    # docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key: only its service may use it, for
    # callers of the account that owns it.
    via = {"kms:CallerAccount": key.account_id, "kms:ViaService": f"{service}.{key.region}.amazonaws.com"}
    partition = key.arn.split(":")[1]
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Id": f"auto-{service}",
            "Statement": [
                {
                    "Sid": f"Allow access through {service} for all principals in the account",
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Action": [
                        "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant",
                        "kms:DescribeKey",
                    ],
                    "Resource": "*",
                    "Condition": {"StringEquals": via},
                },
                {
                    "Sid": "Allow direct access to key metadata to the account",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:{partition}:iam::{key.account_id}:root"},
                    "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                    "Resource": "*",
                },
            ],
        }
    )  # fmt: skip
