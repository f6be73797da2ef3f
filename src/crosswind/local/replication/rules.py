"""S3 replication configurations: what S3 accepts, and which rules a version meets. Pure.

Rules and texts: https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosswind.local.edge.call import ServiceError

__all__ = ["Rule", "matching_rules", "rules_of", "validate"]

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,577}")
_BUCKET = re.compile(r"arn:aws[a-z-]*:s3:::(?P<name>[a-zA-Z0-9.\-_]{1,255})")
_SCHEMA = (
    "{} must be specified for this version of Cross Region Replication configuration schema."
    " Please refer to S3 Developer Guide for more information."
)
_MOST_RULES = 1000
_MINUTES = 15


@dataclass(frozen=True)
class Rule:
    """One enabled rule.

    Args:
        name: its ID.
        priority: of two rules with one destination the greater decides.
        destination: the bucket's name.
        prefix: of the key.
        tags: that the object must have, all of them.
        markers: replicate delete markers.
        kms: replicate objects encrypted with KMS.
        storage_class: of replicas, empty for the source's.
        kms_key: for replicas, empty for none.
        owner: `Destination` hands the replica to the destination's owner.
        metrics: whether replication metrics are enabled, without which S3 sends no events.
        modifications: replicate what changes in the tags of replicas.
    """

    name: str
    priority: int
    destination: str
    prefix: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    markers: bool = False
    kms: bool = False
    storage_class: str = ""
    kms_key: str = ""
    owner: str = ""
    metrics: bool = False
    modifications: bool = False


def validate(configuration: Mapping[str, Any]) -> None:
    """Raise ServiceError for a configuration that S3 refuses whatever the buckets are."""
    role, rules = configuration.get("Role", ""), configuration.get("Rules", [])
    if not _ROLE.fullmatch(role):
        raise ServiceError("InvalidArgument", f"Invalid Role ARN: {role}", 400)
    if not rules or len(rules) > _MOST_RULES:
        raise ServiceError(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
            400,
        )
    for rule in rules:
        _validate_rule(rule)
    names = [rule["ID"] for rule in rules if rule.get("ID")]
    if len(set(names)) < len(names):
        raise _invalid("Rule ID must be unique")
    priorities = [rule["Priority"] for rule in rules if "Priority" in rule]
    if len(set(priorities)) < len(priorities):
        raise _invalid("Rule priorities must be unique")


def _validate_rule(rule: Mapping[str, Any]) -> None:
    destination = rule.get("Destination", {})
    if not _BUCKET.fullmatch(destination.get("Bucket", "")):
        raise ServiceError("InvalidArgument", "Invalid bucket ARN", 400)
    if "Filter" in rule:
        for member in ("Priority", "DeleteMarkerReplication"):
            if member not in rule:
                raise _invalid(_SCHEMA.format(member))
        tagged = "Tag" in rule["Filter"] or "Tags" in rule["Filter"].get("And", {})
        if tagged and rule["DeleteMarkerReplication"].get("Status") == "Enabled":
            raise _invalid("Delete marker replication is not supported if any Tag filter is specified")
    if "AccessControlTranslation" in destination and "Account" not in destination:
        raise _invalid("Account must be specified when using AccessControlTranslation")
    if _takes_kms(rule) and "EncryptionConfiguration" not in destination:
        raise _invalid("SourceSelectionCriteria.SseKmsEncryptedObjects requires EncryptionConfiguration")
    _validate_times(destination)


def _validate_times(destination: Mapping[str, Any]) -> None:
    time, metrics = destination.get("ReplicationTime", {}), destination.get("Metrics", {})
    if "ReplicationTime" in destination and metrics.get("Status") != "Enabled":
        raise _invalid("ReplicationTime requires Metrics")
    # docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationTimeValue.html: 15 is the only valid value.
    for given in (time.get("Time"), metrics.get("EventThreshold")):
        if given is not None and given.get("Minutes") != _MINUTES:
            raise _invalid(f"Minutes must be {_MINUTES}")


def rules_of(configuration: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The enabled rules, the greatest priority first."""
    rules = [_rule(raw) for raw in configuration.get("Rules", []) if raw.get("Status") == "Enabled"]
    return tuple(sorted(rules, key=lambda rule: -rule.priority))


def _rule(raw: Mapping[str, Any]) -> Rule:
    filters = raw.get("Filter")
    both = (filters or {}).get("And", {})
    tags = both.get("Tags", [])
    if filters and "Tag" in filters:
        tags = [filters["Tag"]]
    destination = raw["Destination"]
    match = _BUCKET.fullmatch(destination["Bucket"])
    # Without a Filter the configuration is of the first version, which always replicates delete markers.
    markers = filters is None or raw.get("DeleteMarkerReplication", {}).get("Status") == "Enabled"
    prefix = raw.get("Prefix", "") if filters is None else filters.get("Prefix", both.get("Prefix", ""))
    return Rule(
        name=raw.get("ID", ""),
        priority=int(raw.get("Priority", 0)),
        destination=match["name"] if match else "",
        prefix=prefix,
        tags=tuple((tag["Key"], tag["Value"]) for tag in tags),
        markers=markers,
        kms=_takes_kms(raw),
        storage_class=destination.get("StorageClass", ""),
        kms_key=destination.get("EncryptionConfiguration", {}).get("ReplicaKmsKeyID", ""),
        owner=destination.get("AccessControlTranslation", {}).get("Owner", ""),
        metrics=destination.get("Metrics", {}).get("Status") == "Enabled",
        modifications=_selects(raw, "ReplicaModifications"),
    )


def _takes_kms(raw: Mapping[str, Any]) -> bool:
    return _selects(raw, "SseKmsEncryptedObjects")


def _selects(raw: Mapping[str, Any], criterion: str) -> bool:
    return bool(raw.get("SourceSelectionCriteria", {}).get(criterion, {}).get("Status") == "Enabled")


def matching_rules(
    rules: Sequence[Rule], key: str, tags: Mapping[str, str], *, marker: bool = False, encryption: str = ""
) -> tuple[Rule, ...]:
    """The rules that a version meets, at most one a destination: the one of the greatest priority.

    Args:
        rules: as `rules_of` gives them.
        key: the object's key.
        tags: the object's tags.
        marker: true for a delete marker.
        encryption: `aws:kms` objects need a rule that says so.
    """
    chosen: dict[str, Rule] = {}
    for rule in rules:
        if not key.startswith(rule.prefix) or any(tags.get(name) != value for name, value in rule.tags):
            continue
        chosen.setdefault(rule.destination, rule)
    return tuple(
        rule
        for rule in chosen.values()
        if (rule.markers if marker else (rule.kms or not encryption.startswith("aws:kms")))
    )


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidRequest", message, 400)
