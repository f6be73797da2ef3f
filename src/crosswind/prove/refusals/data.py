"""What must be refused about data: other folders, buckets, secrets; without TLS; over a handover; by another key."""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.prove.flow import Flow, sample_of
from crosswind.prove.refusals.doings import STRANGER, Doings, ask, turned

__all__ = ["buckets", "encryption", "folders", "handovers", "hub", "transport"]

_OBJECT_ACTIONS = ("s3:DeleteObject", "s3:GetObject", "s3:PutObject")


def folders(doings: Doings) -> Iterator[Flow]:
    """Folders that a role does not touch, and what it does not do in those that it does."""
    for role in doings.roles:
        account = role.split(":")[4]
        for folder, bucket in doings.folders.get(account, ()):
            for action in _OBJECT_ACTIONS:
                if (role, action, folder) not in doings.done:
                    does = f"{action.partition(':')[2]} in a folder that is none of its own"
                    yield ask(role, does, action, f"{folder}/an-object", account, f"buckets.{bucket}")


def buckets(doings: Doings) -> Iterator[Flow]:
    """No pipeline removes a bucket, or changes who may enter it."""
    estate = doings.estate
    for name in sorted(estate.topology.buckets):
        _, account = estate.at(name)
        for role in doings.roles:
            if role.split(":")[4] == account:
                for action in ("DeleteBucket", "PutBucketPolicy"):
                    does = "removes a bucket, or opens it"
                    yield ask(role, does, f"s3:{action}", estate.bucket(name), account, f"buckets.{name}")


def hub(doings: Doings) -> Iterator[Flow]:
    """The hub's secrets from a site; a site's data from the hub."""
    estate = doings.estate
    hub = estate.topology.hub
    secret = estate.arn(
        "secretsmanager", hub.region, estate.topology.hub_account, "secret:airflow/connections/one-Ab12Cd"
    )
    for role in doings.roles:
        yield ask(
            role,
            "reads the hub's secrets",
            "secretsmanager:GetSecretValue",
            secret,
            estate.topology.hub_account,
            "hub",
        )
    for name, bucket in sorted(estate.topology.buckets.items()):
        for folder in sorted(bucket.folders):
            arn = estate.object(name, f"{folder}/an-object")
            yield ask(
                estate.principals.execution,
                "reads a site's data from the hub",
                "s3:GetObject",
                arn,
                estate.at(name)[1],
                f"buckets.{name}",
            )


def transport(doings: Doings) -> Iterator[Flow]:
    """Nothing without TLS: of each bucket that is made, and of what lies in it, one flow that is allowed with it."""
    seen: set[tuple[str, bool]] = set()
    theirs = _there_already(doings)
    for flow in doings.flows:
        if ":s3:::" in flow.resource and flow.who.startswith("arn:") and "*" not in flow.action:
            place = (flow.resource.partition("/")[0], "/" in flow.resource)
            if place not in seen and "<" not in place[0] and place[0] not in theirs:
                seen.add(place)
                yield turned(flow, "reaches a bucket without TLS", {"aws:SecureTransport": "false"})


def handovers(doings: Doings) -> Iterator[Flow]:
    """No handover is published over another one, nor forged or removed by who merely works in its folder."""
    estate = doings.estate
    published = [each for each in doings.flows if dict(each.context).get("s3:if-none-match") == "*"]
    publishing = {(each.who, each.resource) for each in published}
    removing = {(each.who, each.resource) for each in doings.flows if each.action == "s3:DeleteObject"}
    for flow in published:
        yield turned(flow, "publishes over a handover", {}, without="s3:if-none-match")
    for handover in sorted({each.resource for each in published}):
        bucket, folder = handover.partition("/")[0], handover.rpartition("/<run>/")[0]
        name = next(each for each in estate.topology.buckets if estate.bucket(each) == bucket)
        owner, asks = estate.at(name)[1], f"buckets.{name}"
        for role in doings.roles:
            if (role, "s3:PutObject", folder) in doings.done and (role, handover) not in publishing:
                once = {"s3:if-none-match": "*"}
                yield ask(role, "forges a handover", "s3:PutObject", sample_of(handover), owner, asks, once)
            if (role, "s3:DeleteObject", folder) in doings.done and (role, handover) not in removing:
                yield ask(role, "removes a handover", "s3:DeleteObject", sample_of(handover), owner, asks)


def encryption(doings: Doings) -> Iterator[Flow]:
    """No upload into a bucket that is made, and has a key of its own, is encrypted otherwise."""
    estate = doings.estate
    algorithm, identity = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"
    keyed = {estate.bucket(name) for name in estate.topology.buckets if estate.key(name)} - _there_already(doings)
    seen: set[str] = set()
    for flow in doings.flows:
        bucket = flow.resource.partition("/")[0]
        if flow.action == "s3:PutObject" and bucket in keyed and bucket not in seen:
            seen.add(bucket)
            foreign = estate.arn("kms", "us-east-1", STRANGER, "key/of-a-stranger")
            yield turned(flow, "encrypts an upload without KMS", {algorithm: "AES256"})
            yield turned(flow, "encrypts an upload with another key", {algorithm: "aws:kms", identity: foreign})


def _there_already(doings: Doings) -> set[str]:
    """The buckets that nobody makes: what they refuse beside is for their owners to say."""
    estate = doings.estate
    return {estate.bucket(name) for name, each in estate.topology.buckets.items() if not each.is_made}
