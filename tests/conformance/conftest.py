"""Two engines for the same Glue script: Sail as the local world runs it, and Apache Spark."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from crosswind.local import engines
from crosswind.local.children import Children, clean_environment
from crosswind.local.engines.glue import GlueEngine, GlueJob
from tests.conformance import spark
from tests.local.conftest import LiveEdge

SHIMS = Path(engines.__file__).parent / "shims"
LAUNCHER = Path(__file__).parent / "launcher.py"
ACCOUNT, REGION = "222222222222", "us-east-1"
SECONDS = 300


class Engine(Protocol):
    """Runs a Glue script to its end; raises AssertionError when the script fails."""

    def run(self, bucket: str, script: Path, arguments: dict[str, str]) -> None: ...


class Sail:
    """The local world's own engine, under a role."""

    def __init__(self, edge: LiveEdge, children: Children, folder: Path) -> None:
        self._s3 = edge.client("s3", ACCOUNT)
        self._roles = engines.Roles(edge.identities, edge.clients, "glue")
        self._engine = GlueEngine(self._roles, children, edge.endpoint, folder)

    def run(self, bucket: str, script: Path, arguments: dict[str, str]) -> None:
        key = f"scripts/{script.name}"
        self._s3.upload_file(str(script), bucket, key)
        role, uri = f"arn:aws:iam::{ACCOUNT}:role/glue", f"s3://{bucket}/{key}"
        job = GlueJob(f"jr_{bucket}", "job", ACCOUNT, REGION, role, uri, arguments, SECONDS, lambda _: None)
        outcome = self._engine.run(job)
        assert outcome.state == "SUCCEEDED", outcome.error


class Spark:
    """Apache Spark in a process of its own, with the same `awsglue`."""

    def __init__(self, edge: LiveEdge, folder: Path) -> None:
        self._folder = folder
        keys = {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "local", "PYTHONPATH": str(SHIMS)}
        self._environment = clean_environment(keys, home=folder, endpoint=edge.endpoint, region=REGION)

    def run(self, bucket: str, script: Path, arguments: dict[str, str]) -> None:
        words = ["--JOB_NAME", "job", *(word for pair in arguments.items() for word in pair)]
        run = subprocess.run(
            [str(spark.python()), "-P", str(LAUNCHER), str(script), *words],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr


@dataclass(frozen=True)
class Bench:
    """An S3 and both engines; every run has a bucket of its own."""

    s3: Any
    engines: dict[str, Engine]

    def results(self, name: str, script: Path, inputs: dict[str, bytes], **arguments: str) -> dict[str, Objects]:
        """Run a script on each engine.

        Args:
            name: begins the buckets' names.
            script: the Glue script.
            inputs: objects that are there before.
            arguments: the script's, without hyphens; `bucket` is added.

        Returns:
            By engine, what the bucket holds after the run.
        """
        found = {}
        for engine, runner in self.engines.items():
            bucket = f"{name}-{engine}"
            self.s3.create_bucket(Bucket=bucket)
            for key, body in inputs.items():
                self.s3.put_object(Bucket=bucket, Key=key, Body=body)
            runner.run(bucket, script, {"--bucket": bucket, **{f"--{k}": v for k, v in arguments.items()}})
            keys = [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=bucket)["Contents"]]
            found[engine] = {key: self.s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
        return found


Objects = dict[str, bytes]


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    if reason := spark.missing():
        pytest.skip(reason)
    edge, children = LiveEdge(), Children()
    edge.start()
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "glue.amazonaws.com"}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    edge.client("iam", ACCOUNT).create_role(RoleName="glue", AssumeRolePolicyDocument=policy)
    sail = Sail(edge, children, tmp_path_factory.mktemp("sail"))
    yield Bench(edge.client("s3", ACCOUNT), {"sail": sail, "spark": Spark(edge, tmp_path_factory.mktemp("spark"))})
    children.stop()
    edge.stop()
