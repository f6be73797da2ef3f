"""The simulated company: two accounts' buckets, a Glue job, training, a function, and what they really do.

What a job reads and writes is kept in its notes, as facts: invariants compare these, never what a task says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crosswind.airflow.target import AwsTarget
from tests.simulator.aws import (
    Aws,
    AwsClients,
    Bucket,
    Caller,
    Course,
    Replica,
    Run,
    Script,
    Stored,
    Way,
    failure_event,
)
from tests.simulator.clock import Clock

__all__ = ["EAST", "FUNCTION", "GLUE_JOB", "QUEUE", "RAW", "Company", "Courses"]

ACCOUNT = "222222222222"
EAST = AwsTarget(ACCOUNT, "us-east-1", "east", site="processing")
WEST = AwsTarget(ACCOUNT, "us-west-2", "west", site="ml")
RAW = "raw/ml_train_data.csv"
GLUE_JOB, FUNCTION = "mwaa_glue_raw_to_transform", "dagcleanup"
QUEUE = "https://sqs.invalid/222222222222/failures"
PARTS = 3


class Courses:
    """How jobs and replicas go; by default all goes well. A schedule overrides it."""

    def glue(self, run: Run) -> Course:
        return Course(5.0, 60.0)

    def training(self, run: Run) -> Course:
        return Course(10.0, 90.0)

    def spoils(self, run: Run) -> bool:
        """Whether somebody writes over the data after a training job was made, and before it has downloaded it."""
        return False

    def function(self, name: str, payload: Mapping[str, Any]) -> Way:
        return Way(1.0, 2.0)

    def replica(self, stored: Stored) -> Replica:
        return Replica()


class Company:
    """Both sites.

    Args:
        clock: the time.
        courses: how jobs and replicas go.
        replicates: whether the source replicates what is transformed.
        fixed_key: the post's Glue job writes one key, over and over; empty for a prefix a run.
        cleans: whether the function removes the data of its run.
    """

    def __init__(
        self, clock: Clock, courses: Courses, *, replicates: bool = True, fixed_key: str = "", cleans: bool = False
    ) -> None:
        self.clock, self.courses, self.fixed_key, self.cleans = clock, courses, fixed_key, cleans
        self.aws = Aws(clock, smallest_part=1)
        s3 = self.aws.s3
        self.source = s3.create("source", ACCOUNT, EAST.region)
        self.destination = s3.create("destination", ACCOUNT, WEST.region)
        self.models = s3.create("models", ACCOUNT, WEST.region)
        self.claims_east = s3.create("claims-east", ACCOUNT, EAST.region)
        self.claims_west = s3.create("claims-west", ACCOUNT, WEST.region)
        self.aws.queues.create(QUEUE)
        self.source.guarded = ("/handover.json",)
        if replicates:
            self.source.replicate_to, self.source.folder = self.destination, "transformed/"
            self.source.script = courses.replica
            self.source.failed = self._failed
        self.glue = self.aws.glue(ACCOUNT, EAST.region)
        self.glue.jobs[GLUE_JOB] = 3
        self.glue.script = Transform(self)
        self.sagemaker = self.aws.sagemaker(ACCOUNT, WEST.region)
        self.sagemaker.script = Train(self)
        self.functions = self.aws.functions(ACCOUNT, WEST.region)
        self.functions.code[FUNCTION] = self._clean
        self.functions.way = courses.function
        self.functions.retries = 0
        self.cleaned: dict[str, float] = {}
        self.strays: set[str] = set()

    def clients(self, target: AwsTarget, caller: Caller | None = None) -> AwsClients:
        """The clients of a site."""
        return self.aws.clients(target, caller)

    def raw(self, body: bytes) -> Stored:
        """New raw data."""
        return self.aws.s3.write(self.source, RAW, body)

    def stray(self, bucket: Bucket, key: str) -> None:
        """Somebody writes over a key."""
        self.strays.add(key.rpartition("/")[0] + "/")
        self.aws.s3.write(bucket, key, b"stray")

    def repair(self) -> None:
        """What an operator does about replication that failed: S3 Batch Replication."""
        for versions in self.source.objects.values():
            for stored in versions:
                if stored.replication in {"FAILED", "PENDING"} and self.source.replicate_to:
                    from tests.simulator.aws.storage import land

                    land(self.source, self.source.replicate_to, stored)

    def _failed(self, bucket: Bucket, stored: Stored) -> None:
        self.aws.queues.push(QUEUE, failure_event(bucket, self.destination, stored))

    def _clean(self, payload: Mapping[str, Any]) -> Any:
        prefix = payload.get("prefix", "")
        if self.cleans and prefix:
            self.cleaned.setdefault(prefix, self.clock.now)
            for bucket in (self.source, self.destination):
                for stored in bucket.below(prefix):
                    self.aws.s3.delete_object({"Bucket": bucket.name, "Key": stored.key})
        answer = {"prefix": prefix}
        place = payload.get("crosswind", {}).get("result")
        if place:
            self.aws.s3.write(self.aws.s3.buckets[place["bucket"]], place["key"], json.dumps(answer).encode())
        return answer


class Transform(Script):
    """The Glue job: raw data to a few objects below its prefix, then a manifest. The post's: one key."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def course(self, run: Run) -> Course:
        return self.company.courses.glue(run)

    def begin(self, run: Run) -> None:
        raw = self.company.source.current(RAW)
        run.notes["raw"] = raw.version_id if raw else ""
        run.notes["wrote"] = []

    def half(self, run: Run) -> None:
        if not self.company.fixed_key:
            self._write(run, f"{self._prefix(run)}part-00000.csv")

    def finish(self, run: Run) -> None:
        if self.company.fixed_key:
            self._write(run, self.company.fixed_key)
            return
        prefix = self._prefix(run)
        keys = [f"{prefix}part-{number:05d}.csv" for number in range(PARTS)]
        for key in keys[1:]:
            self._write(run, key)
        manifest = {"schema_version": 1, "prefix": prefix, "keys": keys}
        self.company.aws.s3.write(self.company.source, f"{prefix}manifest.json", json.dumps(manifest).encode())

    def _write(self, run: Run, key: str) -> None:
        # Some are small enough to be copied by one request, some are copied in parts.
        body = f"{run.id} {run.notes['raw']} {'' if key.endswith('-00000.csv') else key}".encode()
        stored = self.company.aws.s3.write(self.company.source, key, body)
        run.notes["wrote"].append((key, stored.version_id))

    def _prefix(self, run: Run) -> str:
        return str(run.request["Arguments"]["--prefix"])


class Train(Script):
    """The training job: it downloads what lies below its prefix at that moment, and makes a model of it."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def course(self, run: Run) -> Course:
        way = self.company.courses.training(run)
        if self.company.courses.spoils(run):
            self.company.clock.after(way.waits / 2, lambda: self._spoil(run))
        return way

    def _spoil(self, run: Run) -> None:
        bucket, found = self._found(run)
        if found:
            self.company.stray(bucket, found[0].key)

    def _found(self, run: Run) -> tuple[Bucket, list[Stored]]:
        uri = run.request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
        name, _, prefix = uri.removeprefix("s3://").partition("/")
        bucket = self.company.aws.s3.buckets[name]
        return bucket, bucket.below(prefix)

    def begin(self, run: Run) -> None:
        _, found = self._found(run)
        run.notes["read"] = {(stored.key, stored.origin) for stored in found if not stored.key.endswith(".json")}
        if not found:
            run.way = Course(run.way.waits, run.way.runs, fails="ClientError: no data", stops=run.way.stops)

    def finish(self, run: Run) -> None:
        output = run.request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        bucket, _, folder = output.removeprefix("s3://").partition("/")
        body = repr(sorted(run.notes["read"])).encode()
        self.company.aws.s3.write(self.company.aws.s3.buckets[bucket], f"{folder}/{run.name}/output/model.tar.gz", body)
