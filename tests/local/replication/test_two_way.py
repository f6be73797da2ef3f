"""Replication both ways between two live buckets: no loops; delete markers and changed tags go over, and back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.conftest import LiveEdge
from tests.local.replication.test_replication import Site, until

KEY = "notes/1.txt"


class Both(Site):
    """Rules each way, for the folder `notes`."""

    def __init__(self, edge: LiveEdge, **criteria: Any) -> None:
        super().__init__(edge)
        self.version(self.source, self.destination)
        for bucket, other in ((self.source, self.destination), (self.destination, self.source)):
            rule = self.rule(Filter={"Prefix": "notes/"}, Destination={"Bucket": f"arn:aws:s3:::{other}"}, **criteria)
            client = self.east if bucket == self.source else self.west
            client.put_bucket_replication(Bucket=bucket, ReplicationConfiguration={"Role": self.role, "Rules": [rule]})

    def versions(self, bucket: str) -> list[str]:
        found = self.east.list_object_versions(Bucket=bucket)
        return [each["VersionId"] for each in [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]]

    def tags(self, bucket: str) -> dict[str, str]:
        found = self.east.get_object_tagging(Bucket=bucket, Key=KEY)["TagSet"]
        return {tag["Key"]: tag["Value"] for tag in found}


@pytest.fixture
def both(live_edge: LiveEdge) -> Both:
    return Both(live_edge, SourceSelectionCriteria={"ReplicaModifications": {"Status": "Enabled"}})


def test_what_either_side_writes_comes_to_the_other_once(both: Both) -> None:
    both.east.put_object(Bucket=both.source, Key=KEY, Body=b"from the east")
    both.settled()
    both.west.put_object(Bucket=both.destination, Key="notes/2.txt", Body=b"from the west")
    both.settled()
    assert sorted(both.versions(both.source)) == sorted(both.versions(both.destination))
    assert len(both.versions(both.source)) == 2
    assert both.status(KEY) == "COMPLETED"
    assert both.status(KEY, both.destination) == "REPLICA"
    assert both.status("notes/2.txt") == "REPLICA"
    assert len(both.log("ReplicateObject")) == 2


def test_a_delete_marker_goes_over_and_stops_there(both: Both) -> None:
    both.east.put_object(Bucket=both.source, Key=KEY, Body=b"1")
    both.settled()
    marker = both.west.delete_object(Bucket=both.destination, Key=KEY)["VersionId"]
    both.settled()
    assert marker in both.versions(both.source)
    assert len(both.log("ReplicateDelete")) == 1
    assert len(both.versions(both.source)) == len(both.versions(both.destination)) == 2


def test_tags_changed_on_a_replica_go_back(both: Both) -> None:
    both.east.put_object(Bucket=both.source, Key=KEY, Body=b"1", Tagging="state=new")
    both.settled()
    tags = {"TagSet": [{"Key": "state", "Value": "seen"}]}
    both.west.put_object_tagging(Bucket=both.destination, Key=KEY, Tagging=tags)
    until(lambda: both.tags(both.source) == {"state": "seen"})
    both.west.delete_object_tagging(Bucket=both.destination, Key=KEY)
    until(lambda: both.tags(both.source) == {})
    both.settled()
    assert both.status(KEY) == "COMPLETED"
    assert both.status(KEY, both.destination) == "REPLICA"
    assert len(both.versions(both.source)) == 1


def test_without_the_sync_tags_of_a_replica_stay_there(live_edge: LiveEdge) -> None:
    plain = Both(live_edge)
    plain.east.put_object(Bucket=plain.source, Key=KEY, Body=b"1", Tagging="state=new")
    plain.settled()
    tags = {"TagSet": [{"Key": "state", "Value": "seen"}]}
    plain.west.put_object_tagging(Bucket=plain.destination, Key=KEY, Tagging=tags)
    plain.settled()
    assert plain.tags(plain.source) == {"state": "new"}
    assert plain.tags(plain.destination) == {"state": "seen"}
