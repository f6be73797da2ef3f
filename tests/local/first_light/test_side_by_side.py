"""The same two jobs behind a wait for a key and behind a handover, while S3 is late: what each trains on.

The page on handovers shows these runs. A line there is a line of a job's or task's log, or a count of what was asked
of the world.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from crosswind.cli import wire
from crosswind.deploy import Airflow
from tests.local.first_light.conftest import FirstLight

HUB, DATA = "111111111111", "222222222222"
EAST, WEST = "us-east-1", "us-west-2"
PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "handover.md"
DAG_FILE = Path(__file__).parent / "dags" / "fixed_key.py"
FIXED = ("fixed_key_processing_dag", "fixed_key_learning_dag")
HANDED = ("cross_account_data_processing_dag", "cross_account_machine_learning_dag")
HELD = "transformed/*"
_T = TypeVar("_T")


class Story:
    """What happened in a world since the last time it was asked, as lines.

    Args:
        first_light: the deployed example.
    """

    def __init__(self, first_light: FirstLight) -> None:
        self._world = first_light
        self._since = time.time()
        self.airflow: Airflow = wire.airflow(first_light.topology, first_light.sessions)
        self.lines: list[str] = []

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def begin(self, title: str) -> None:
        self._since = time.time()
        self.lines.append(title)

    def tell(self, who: str, text: str) -> None:
        self.lines.append(f"  {who:<10} {normal(text)}")

    def tell_log(self, who: str, region: str, group: str, pattern: str) -> str:
        """Tell the one line of a job's log that has a pattern."""
        (line,) = self._logged(DATA, region, group, pattern)
        self.tell(who, line)
        return line

    def tell_task(self, pattern: str) -> None:
        """Tell the newest such line of all tasks' logs."""
        self.tell("Airflow", self.task_line(pattern)[-1])

    def task_line(self, pattern: str) -> list[str]:
        group = f"airflow-{self._world.names.environment}-Task"
        events = (json.loads(line)["event"] for line in self._logged(HUB, EAST, group, ""))
        return [event for event in events if re.search(pattern, event)]

    def requests(self, service: str, operation: str, resource: str = "") -> int:
        trail = self._world.trail
        found = trail.select(service, operation, where=lambda each: resource in each.resource)
        return sum(1 for each in found if each.time >= self._since)

    def tell_end(self, dag: str, run: dict[str, Any]) -> None:
        """Tell how each task of a run ended."""
        tasks = sorted(self.airflow.task_instances(dag, run), key=lambda each: each["start_date"])
        ended = ", ".join(f"{each['task_id']} {each['state']}" for each in tasks)
        self.tell("Airflow", f"{dag}: {ended}")

    def _logged(self, account: str, region: str, group: str, pattern: str) -> list[str]:
        client = self._world.administrator.client("logs", account, region)
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=group)
        events = [event for page in pages for event in page["events"] if event["timestamp"] >= self._since * 1000]
        return [event["message"] for event in events if re.search(pattern, event["message"])]


def normal(text: str) -> str:
    """A line without what differs from run to run."""
    text = re.sub(r"s3://[a-z-]+-(source|destination)-\d+-[a-z0-9-]+/", r"s3://<\1>/", text)
    text = re.sub(r"transformed/manual-[A-Za-z0-9-]+/", "transformed/<run>-<token>/", text)
    return re.sub(r"\d+ s after publication", "<n> s after publication", text)


def until(found: Callable[[], _T | None], seconds: float, what: str) -> _T:
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        pause.wait(0.2)
    raise AssertionError(f"no {what} within {seconds:.0f} s")


def ended(story: Story, dag: str, seen: set[str]) -> dict[str, Any]:
    """The run of a DAG that is not among those seen, once it has succeeded."""

    def probe() -> dict[str, Any] | None:
        runs = [run for run in story.airflow.runs_since(dag) if run["dag_run_id"] not in seen]
        assert not [run for run in runs if run["state"] == "failed"]
        return next((run for run in runs if run["state"] == "success"), None)

    return until(probe, 120, f"run of {dag} that succeeded")


def run_both(story: Story, dags: tuple[str, str]) -> dict[str, Any]:
    """Start the first DAG, whose Asset starts the second; the second's run, ended."""
    first, second = dags
    seen = {name: {run["dag_run_id"] for run in story.airflow.runs_since(name)} for name in dags}
    story.airflow.trigger(first)
    ended(story, first, seen[first])
    return ended(story, second, seen[second])


@contextmanager
def held(first_light: FirstLight) -> Iterator[Callable[[], Any]]:
    """Replication held back; what is given lets it go."""

    def release() -> Any:
        return first_light.process.hold_replicas(HELD, "release")

    first_light.process.hold_replicas(HELD, "hold")
    try:
        yield release
    finally:
        release()


@pytest.fixture
def weeks(first_light: FirstLight) -> Iterator[Callable[[int], None]]:
    """Puts the raw data of a week: the first has 200 birds, the second all 344."""
    bucket, key = first_light.names.bucket("source"), "raw/ml_train_data.csv"
    s3 = first_light.administrator.client("s3", DATA, EAST)
    whole: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    rows = whole.splitlines(keepends=True)

    def put(week: int) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=b"".join(rows[:201]) if week == 1 else whole)

    yield put
    put(2)


@pytest.fixture
def fixed_key(first_light: FirstLight) -> Iterator[Story]:
    """The DAGs with the fixed key, in the environment; their role may look for it, as a `wait` for that key grants."""
    story = Story(first_light)
    iam, role = first_light.administrator.client("iam", DATA, EAST), first_light.names.role("cross-account")
    bucket = f"arn:aws:s3:::{first_light.names.bucket('destination')}"
    statements = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{bucket}/transformed/latest/*"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName=role, PolicyName="fixed-key", PolicyDocument=policy)
    s3 = first_light.administrator.client("s3", HUB, EAST)
    place = {"Bucket": first_light.names.airflow_bucket, "Key": f"dags/{DAG_FILE.name}"}
    s3.put_object(**place, Body=DAG_FILE.read_bytes())
    story.airflow.wait_for_dags(FIXED, 60)
    for dag in FIXED:
        story.airflow.unpause(dag)
    yield story
    s3.delete_object(**place)
    iam.delete_role_policy(RoleName=role, PolicyName="fixed-key")


def replicated(story: Story) -> None:
    count = story.requests("s3", "ReplicateObject", "/transformed/")
    story.tell("S3", f"has replicated {count or 'nothing'}{' objects' if count else ''} of this run")


def test_a_fixed_key_trains_on_stale_data(
    first_light: FirstLight, fixed_key: Story, weeks: Callable[[int], None]
) -> None:
    story, rows = fixed_key, []

    def tell() -> None:
        story.tell_log("Glue", EAST, "/aws-glue/jobs/output", ": read ")
        replicated(story)
        rows.append(story.tell_log("SageMaker", WEST, "/aws/sagemaker/TrainingJobs", "Train matrix"))

    weeks(1)
    story.begin("run 1")
    run_both(story, FIXED)
    tell()
    weeks(2)
    with held(first_light):
        story.begin("run 2, what it writes is held back on its way")
        run = run_both(story, FIXED)
        tell()
        story.tell_end(FIXED[1], run)
    assert rows[0] == rows[1]  # the second run's data has another number of rows
    assert story.text in PAGE.read_text(), story.text


def test_a_handover_waits_for_what_was_published(first_light: FirstLight, weeks: Callable[[int], None]) -> None:
    story = Story(first_light)
    weeks(2)
    with held(first_light) as release, ThreadPoolExecutor(1) as pool:
        story.begin("run 2, what it writes is held back on its way")
        running = pool.submit(run_both, story, HANDED)
        try:
            until(lambda: story.task_line(" are missing "), 90, "look at the destination")
            story.tell_log("Glue", EAST, "/aws-glue/jobs/output", ": read ")
            replicated(story)
            story.tell_task(" are missing ")
            assert story.requests("sagemaker", "CreateTrainingJob") == 0
            story.tell("SageMaker", "was asked for no job")
        finally:
            release()
        run = running.result()
    story.lines.append("what was held back is let go")
    replicated(story)
    story.tell_task("^Arrived: ")
    story.tell_log("SageMaker", WEST, "/aws/sagemaker/TrainingJobs", "Train matrix")
    story.tell_end(HANDED[1], run)
    assert story.text in PAGE.read_text(), story.text
