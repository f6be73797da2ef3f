from __future__ import annotations

from typing import Any

import pytest

from crosswind.local.edge.call import ServiceError
from crosswind.local.replication.rules import matching_rules, rules_of, validate

ROLE = "arn:aws:iam::222222222222:role/replication"


def rule(name: str, priority: int = 1, to: str = "dst", **more: Any) -> dict[str, Any]:
    return {
        "ID": name,
        "Status": "Enabled",
        "Priority": priority,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{to}"},
    } | more


def chosen(rules: list[dict[str, Any]], key: str = "a/b", tags: dict[str, str] | None = None, **more: Any) -> set[str]:
    return {r.name for r in matching_rules(rules_of({"Role": ROLE, "Rules": rules}), key, tags or {}, **more)}


def test_prefixes_and_tags() -> None:
    both = {"And": {"Prefix": "a/", "Tags": [{"Key": "x", "Value": "1"}, {"Key": "y", "Value": "2"}]}}
    rules = [
        rule("prefix", Filter={"Prefix": "a/"}),
        rule("tag", 2, "d2", Filter={"Tag": {"Key": "x", "Value": "1"}}),
        rule("both", 3, "d3", Filter=both),
        rule("all", 4, "d4", Filter={}),
    ]
    assert chosen(rules) == {"prefix", "all"}
    assert chosen(rules, tags={"x": "1"}) == {"prefix", "tag", "all"}
    assert chosen(rules, tags={"x": "1", "y": "2"}) == {"prefix", "tag", "both", "all"}
    assert chosen(rules, "c", {"x": "1", "y": "2"}) == {"tag", "all"}


def test_disabled_rules_do_nothing() -> None:
    assert chosen([rule("off", Status="Disabled")]) == set()


def test_the_greatest_priority_decides_for_a_destination() -> None:
    low = rule("low", 1, DeleteMarkerReplication={"Status": "Enabled"})
    high = rule("high", 5, Filter={"Prefix": "a/"})
    assert chosen([low, high]) == {"high"}
    assert chosen([low, high], "z") == {"low"}
    # The rule that decides says no to delete markers, and the lesser one is not asked.
    assert chosen([low, high], marker=True) == set()
    assert chosen([low, high], "z", marker=True) == {"low"}


def test_the_first_version_replicates_delete_markers() -> None:
    first = rule("v1", Prefix="a/")
    del first["Filter"], first["DeleteMarkerReplication"]
    assert chosen([first], marker=True) == {"v1"}
    assert chosen([first], "b") == set()


def test_kms_objects_need_a_rule_that_says_so() -> None:
    plain = rule("plain")
    kms = rule(
        "kms",
        2,
        "d2",
        SourceSelectionCriteria={"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        Destination={"Bucket": "arn:aws:s3:::d2", "EncryptionConfiguration": {"ReplicaKmsKeyID": "k"}},
    )
    assert chosen([plain, kms], encryption="aws:kms") == {"kms"}
    assert chosen([plain, kms], encryption="AES256") == {"plain", "kms"}


def test_a_good_configuration_passes() -> None:
    validate({"Role": ROLE, "Rules": [rule("a"), rule("b", 2)]})


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ({"Role": "replication", "Rules": [rule("a")]}, "InvalidArgument"),
        ({"Role": ROLE, "Rules": []}, "MalformedXML"),
        ({"Role": ROLE, "Rules": [rule("a"), rule("a", 2)]}, "InvalidRequest"),
        ({"Role": ROLE, "Rules": [rule("a"), rule("b")]}, "InvalidRequest"),
        (
            {"Role": ROLE, "Rules": [rule("a", Destination={"Bucket": "arn:aws:s3:::d", "ReplicationTime": {}})]},
            "InvalidRequest",
        ),
        (
            {
                "Role": ROLE,
                "Rules": [rule("a", SourceSelectionCriteria={"SseKmsEncryptedObjects": {"Status": "Enabled"}})],
            },
            "InvalidRequest",
        ),
        (
            {
                "Role": ROLE,
                "Rules": [
                    rule(
                        "a",
                        Destination={"Bucket": "arn:aws:s3:::d", "AccessControlTranslation": {"Owner": "Destination"}},
                    )
                ],
            },
            "InvalidRequest",
        ),
    ],
)
def test_broken_configurations_are_refused(broken: dict[str, Any], code: str) -> None:
    with pytest.raises(ServiceError) as refusal:
        validate(broken)
    assert refusal.value.code == code
