"""Pipelines run over resources that were there already, with what their owners were told to add; and leave them."""

from __future__ import annotations

from crosswind import deploy
from tests.local.existing.conftest import BUCKET, OWN, ROLE, Estate


def test_pipelines_run_over_them_and_a_removal_leaves_them(estate: Estate) -> None:
    assert {run.pipeline for run in estate.runs} == set(estate.topology.pipelines)
    s3 = estate.client("s3")
    before = {name: s3.get_bucket_versioning(Bucket=BUCKET)["Status"] for name in ("versioning",)}
    listed = {each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert "config/penguins_training.json" in listed
    assert "papers/" not in listed  # no markers of folders
    assert any(key.startswith("models/") and key.endswith("/output/model.tar.gz") for key in listed)

    deploy.Applier(estate.sessions).apply(deploy.plan_destroy(estate.topology, estate.sessions)).raise_first()
    assert deploy.leftovers(estate.topology, estate.sessions) == ()

    for name, body in OWN.items():
        assert s3.get_object(Bucket=BUCKET, Key=name)["Body"].read() == body
    assert listed <= {each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert before == {"versioning": s3.get_bucket_versioning(Bucket=BUCKET)["Status"]}
    assert estate.client("iam").get_role(RoleName=ROLE.rpartition("/")[2])["Role"]["Path"] == "/teams/science/"
    for region in ("us-east-1", "us-west-2"):
        (key,) = [each["KeyId"] for each in estate.client("kms", region).list_keys()["Keys"]]
        assert estate.client("kms", region).describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
