"""Facts about moto's state on which a call's needs depend: encryption, tags, the ARNs behind names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.s3.models import FakeDeleteMarker

from crosswind.local.authorization.facts import BucketFacts, KeyFacts, ObjectFacts
from crosswind.local.moto_backend.attached import AttachedPolicies
from crosswind.local.moto_backend.buckets import Buckets
from crosswind.local.moto_backend.guarded import regional
from crosswind.local.moto_backend.identities import iam_of
from crosswind.local.moto_backend.keys import Keys
from crosswind.local.moto_backend.resource_tags import tags_of
from crosswind.local.partitions import partition_of

__all__ = ["StateFacts"]

_IAM_KINDS = {"role": "roles", "user": "users", "group": "groups", "instance-profile": "instance_profiles"}


class StateFacts(Buckets, Keys, AttachedPolicies):
    """The part of `authorization.facts.Facts` that moto knows."""

    def bucket(self, name: str) -> BucketFacts | None:
        """A bucket; None when there is none."""
        held = self._bucket(name)
        if held is None:
            return None
        rule = (held.encryption or {}).get("Rule") or {}
        default = rule.get("ApplyServerSideEncryptionByDefault") or {}
        return BucketFacts(
            held.account_id,
            held.region_name,
            default.get("SSEAlgorithm") or "",
            default.get("KMSMasterKeyID") or "",
            _true(rule.get("BucketKeyEnabled")),
        )

    def object(self, bucket: str, key: str, version_id: str | None) -> ObjectFacts | None:
        """A version of an object (None: the latest); None when there is none."""
        found = self.found(bucket, key, version_id)
        if found is None:
            return None
        if isinstance(found, FakeDeleteMarker):
            return ObjectFacts(marker=True)
        return ObjectFacts(
            found.encryption or "",
            found.kms_key_id or "",
            _true(found.bucket_key_enabled),
            self._store(bucket).tagger.get_tag_dict_for_resource(found.arn),
        )

    def upload(self, bucket: str, upload_id: str) -> ObjectFacts | None:
        """An upload in parts that is under way."""
        held = self._bucket(bucket)
        found = held.multiparts.get(upload_id) if held is not None else None
        if found is None:
            return None
        encryption, kms_key = found.sse_encryption or "", found.kms_key_id or ""
        return ObjectFacts(encryption, kms_key, False, dict(found.tags or {}), key=found.key_name)

    def kms_key(self, account: str, region: str, identifier: str) -> KeyFacts | None:
        """A key by ARN, id, `alias/NAME` or the alias's ARN; one of AWS's own is made on its first use, as on AWS."""
        arn = self.kms_key_arn(account, region, identifier)
        if not arn:
            return None
        _, _, _, region, account, rest = arn.split(":", 5)
        backend = regional("kms", "kms_backends", account, region)
        key = backend.keys.get(rest.removeprefix("key/")) if backend is not None else None
        if key is None:
            return None
        aliases = tuple(key.aliases)
        return KeyFacts(arn, aliases, any(alias.startswith("alias/aws/") for alias in aliases))

    def secret_arn(self, account: str, region: str, identifier: str) -> str:
        """The whole ARN of a secret by name, ARN, or ARN without its random suffix; empty when there is none."""
        if identifier.startswith("arn:"):
            parts = identifier.split(":", 6)
            if len(parts) < 7:
                return ""
            region, account = parts[3], parts[4]
        backend = regional("secretsmanager", "secretsmanager_backends", account, region)
        for secret in list(dict.values(backend.secrets)) if backend is not None else ():
            # AWS appends a hyphen and six characters to the name.
            if identifier in (secret.name, secret.arn, secret.arn[:-7]):
                return str(secret.arn)
        return ""

    def iam_arn(self, account: str, kind: str, name: str) -> str:
        """The ARN, path included, of a role, user, group or instance profile by name; empty when there is none."""
        backend = iam_of(account, "aws")
        held = getattr(backend, _IAM_KINDS[kind]) if backend is not None else {}
        return next((str(one.arn) for one in list(held.values()) if one.name == name), "")

    def permissions_boundary(self, arn: str) -> str:
        """The ARN of the permissions boundary of a role or user; empty when there is none."""
        kept = self.kept_role(arn) if ":role/" in arn else self.kept_user(arn)
        return kept.boundary.arn if kept is not None and kept.boundary is not None else ""

    def instance_profile_role(self, account: str, identifier: str) -> str:
        """The ARN of the role in an instance profile, by the profile's name or ARN; empty when there is none."""
        backend = iam_of(account, "aws")
        for profile in list(backend.instance_profiles.values()) if backend is not None else ():
            if identifier in (profile.name, profile.arn):
                return next((str(role.arn) for role in list(profile.roles)), "")
        return ""

    def association(self, account: str, region: str, identifier: str) -> tuple[str, ...]:
        """The ARNs of what an association of EC2 holds together; empty when there is none."""
        backend = regional("ec2", "ec2_backends", account, region)
        if backend is None:
            return ()
        names: list[str] = []
        for table in list(backend.route_tables.values()):
            subnet = table._associations.get(identifier)
            if subnet is not None:
                names += [f"route-table/{table.id}", f"subnet/{subnet}"]
        for address in list(backend.addresses):
            if address.association_id == identifier:
                names.append(f"elastic-ip/{address.allocation_id}")
                if address.eni is not None:
                    names.append(f"network-interface/{address.eni.id}")
        return tuple(f"arn:{partition_of(region)}:ec2:{region}:{account}:{name}" for name in names)

    def resource_tags(self, arn: str) -> Mapping[str, str]:
        """The tags of any resource but S3's, by ARN; empty when there are none."""
        return tags_of(arn)


def _true(value: Any) -> bool:
    return str(value or "").lower() == "true"
