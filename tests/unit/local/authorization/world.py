"""A world of plain dictionaries, and calls as botocore would send them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crosswind.local.authorization.facts import BucketFacts, KeyFacts, ObjectFacts, SessionFacts
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.needs import Needs
from crosswind.local.edge.call import Call, HttpRequest, Principal
from crosswind.local.protocol import parse_input, resolve_operation
from tests.unit.local.protocol.wire import request

__all__ = ["HUB", "SITE", "FakeFacts", "asked", "call", "implied", "keyed", "one"]

HUB, SITE = "111111111111", "222222222222"
CALLER = Principal(HUB, f"arn:aws:sts::{HUB}:assumed-role/exec/airflow", "AROAEXEC:airflow", "ASIAEXEC")


def keyed(account: str = SITE, region: str = "us-east-1", name: str = "k1") -> str:
    return f"arn:aws:kms:{region}:{account}:key/{name}"


@dataclass
class FakeFacts:
    buckets: dict[str, BucketFacts] = field(default_factory=dict)
    objects: dict[tuple[str, str, str | None], ObjectFacts] = field(default_factory=dict)
    uploads: dict[str, ObjectFacts] = field(default_factory=dict)
    keys: dict[str, KeyFacts] = field(default_factory=dict)
    arns: dict[str, str] = field(default_factory=dict)
    tags: dict[str, Mapping[str, str]] = field(default_factory=dict)
    sessions: dict[str, SessionFacts] = field(default_factory=dict)
    associations: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def bucket(self, name: str) -> BucketFacts | None:
        return self.buckets.get(name)

    def object(self, bucket: str, key: str, version_id: str | None) -> ObjectFacts | None:
        return self.objects.get((bucket, key, version_id))

    def upload(self, bucket: str, upload_id: str) -> ObjectFacts | None:
        return self.uploads.get(upload_id)

    def kms_key(self, account: str, region: str, identifier: str) -> KeyFacts | None:
        return self.keys.get(identifier)

    def ciphertext_key(self, account: str, region: str, blob: bytes) -> str:
        return self.arns.get(blob.decode("latin-1"), "")

    def secret_arn(self, account: str, region: str, identifier: str) -> str:
        return self.arns.get(identifier, "")

    def iam_arn(self, account: str, kind: str, name: str) -> str:
        return self.arns.get(f"{kind}/{name}", "")

    def permissions_boundary(self, arn: str) -> str:
        return self.arns.get(f"boundary of {arn}", "")

    def instance_profile_role(self, account: str, identifier: str) -> str:
        return self.arns.get(identifier, "")

    def association(self, account: str, region: str, identifier: str) -> tuple[str, ...]:
        return self.associations.get(identifier, ())

    def stack_arn(self, account: str, region: str, name: str) -> str:
        return self.arns.get(name, "")

    def stack_set_arn(self, account: str, region: str, name: str) -> str:
        return self.arns.get(name, "")

    def resource_tags(self, arn: str) -> Mapping[str, str]:
        return self.tags.get(arn, {})

    def session(self, access_key: str) -> SessionFacts | None:
        return self.sessions.get(access_key)


def call(
    service: str, operation: str, parameters: dict[str, Any], *, account: str = "", region: str = "us-east-1"
) -> Call:
    """A call as the edge makes it of botocore's request: of S3 the body stays unread."""
    http = request(service, operation, parameters)
    assert resolve_operation(http) == (service, operation)
    read = parse_input(service, operation, http, body=service != "s3" or operation == "PutBucketReplication")
    owner = account or (SITE if service == "s3" else HUB)
    return Call("id", CALLER, owner, region, service, operation, read, http)


def implied(operation: str, parameters: dict[str, Any], *, region: str = "us-east-1") -> Call:
    """What S3 does by itself for a replication role of SITE."""
    role = Principal(SITE, f"arn:aws:sts::{SITE}:assumed-role/replicate/s3-replication", "AROAREP:s3", "ASIAREP")
    http = HttpRequest("POST", "/", {}, {}, b"")
    return Call("id", role, SITE, region, "s3", operation, parameters, http, "s3")


def asked(facts: FakeFacts, made: Call) -> list[tuple[str, str]]:
    """The needs of a call, as pairs of action and resource."""
    return [(need.action, need.resource) for need in Needs(facts).of(made)]


def one(facts: FakeFacts, made: Call) -> Need:
    """The only need of a call."""
    (need,) = Needs(facts).of(made)
    return need
