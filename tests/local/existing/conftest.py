"""The example over what is there already: its second bucket, both keys, the role of its training job.

The owner, who is the account's root, makes them, and adds exactly what `owner_documents` says; then the topology is
deployed under the deployer's roles, and its pipelines run once.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crosswind import deploy
from crosswind.aws import Sessions
from crosswind.cli import wire
from crosswind.cli.demo import with_short_intervals
from crosswind.deploy import PipelineRun
from crosswind.synth import OwnerDocument, owner_documents
from crosswind.topology import Topology

CACHE = Path(__file__).parents[3] / ".crosswind" / "cache"
DATA, EAST, WEST = "222222222222", "us-east-1", "us-west-2"
BUCKET, ROLE = "acme-machine-learning", "/teams/science/Training"
OWN = {"papers/one.txt": b"nobody else's", "models/by-hand/model.tar.gz": b"made by hand"}


@dataclass(frozen=True)
class Estate:
    """The deployed topology, and the first run of its pipelines."""

    topology: Topology
    sessions: Sessions
    owner: Sessions
    runs: tuple[PipelineRun, ...]

    def client(self, service: str, region: str = WEST) -> Any:
        """A client of the owner's."""
        return self.owner.client(service, DATA, region)


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    project = tmp_path_factory.mktemp("project")
    shutil.copytree(wire.example().parent, project, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    process = wire.world_process(wire.state(tmp_path_factory.mktemp("world"), cache=CACHE))
    endpoint = process.start(port=0).endpoint
    try:
        owner = wire.sessions({}, endpoint)
        keys = {region: _key(owner, region) for region in (EAST, WEST)}
        _bucket(owner, keys[WEST])
        _declare(project / "crosswind.yaml", keys)
        declared, root = wire.topology(project / "crosswind.yaml")
        topology = with_short_intervals(declared)
        for document in owner_documents(topology):
            _add(owner, document)
        deploy.Applier(owner).apply(deploy.plan_bootstrap(topology, owner)).raise_first()
        sessions = wire.deployer_sessions(topology, endpoint)
        deploy.Applier(sessions).apply(deploy.plan_deploy(topology, root, sessions)).raise_first()
        yield Estate(topology, sessions, owner, wire.pipeline_runs(topology, sessions, lambda _: None).run(300))
    finally:
        process.stop()


def _key(owner: Sessions, region: str) -> str:
    made = owner.client("kms", DATA, region).create_key(Description="the owner's")
    return str(made["KeyMetadata"]["Arn"])


def _bucket(owner: Sessions, key: str) -> None:
    s3 = owner.client("s3", DATA, WEST)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": WEST})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": rules})
    for name, body in OWN.items():
        s3.put_object(Bucket=BUCKET, Key=name, Body=body)


def _declare(file: Path, keys: dict[str, str]) -> None:
    """The example's topology file, with what is there already."""
    text = file.read_text()
    for line, more in (
        ("  source: {site: processing, folders: [raw, transformed, scripts]}", f"existing_key: '{keys[EAST]}'"),
        (
            "  destination: {site: ml, folders: [transformed, config, models, results]}",
            f"existing: {BUCKET}, existing_key: '{keys[WEST]}'",
        ),
    ):
        assert line in text
        text = text.replace(line, f"{line[:-1]}, {more}}}")
    job = "    type: sagemaker\n"
    assert job in text
    file.write_text(text.replace(job, f"{job}    existing_role: arn:aws:iam::{DATA}:role{ROLE}\n"))


def _add(owner: Sessions, document: OwnerDocument) -> None:
    """What the owner does with a document: by hand, or with what they have."""
    texts = {name: json.dumps(policy) for name, policy in document.policies.items()}
    match document.kind:
        case "bucket" if document.policies["policy"]["Statement"]:
            owner.client("s3", DATA, WEST).put_bucket_policy(Bucket=document.name, Policy=texts["policy"])
        case "bucket":
            pass
        case "key":
            kms = owner.client("kms", DATA, document.region)
            kms.put_key_policy(KeyId=document.arn, PolicyName="default", Policy=texts["policy"])
        case "role":
            iam = owner.client("iam", DATA, WEST)
            path = f"{ROLE.rpartition('/')[0]}/"
            iam.create_role(Path=path, RoleName=document.name, AssumeRolePolicyDocument=texts["trust"])
            iam.put_role_policy(RoleName=document.name, PolicyName="crosswind", PolicyDocument=texts["policy"])
