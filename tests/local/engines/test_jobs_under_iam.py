"""The story of a Python shell job and of a processing job under IAM: deployed, and run with Airflow's own steps.

The templates' roles alone act: the deployer deploys, Airflow's execution role enters the cross-account role, and each
job runs under its own. So a run that succeeds shows that the derived rights suffice, and one that loses a right that
it is missed where AWS misses it.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from crosswind.airflow.configuration import Configuration
from crosswind.airflow.jobs.claims import Claims
from crosswind.airflow.jobs.glue import GlueJobs
from crosswind.airflow.jobs.model import JobState, Look, RemoteJobs, Submission
from crosswind.airflow.jobs.processing import ProcessingJobs
from crosswind.airflow.jobs.reap import LiveState, Reach, Reaper
from crosswind.airflow.jobs.submit import SubmitOnce
from crosswind.airflow.owner import Attempt, Owner
from crosswind.airflow.target import AwsTarget
from crosswind.cli import wire
from crosswind.deploy import Applier, plan_bootstrap, plan_deploy
from crosswind.local.world import World
from crosswind.synth.actors import Actor
from crosswind.synth.layout import Layout
from crosswind.topology import Names, Topology
from crosswind.topology.names import CLAIMS
from tests.golden.regenerate import TOPOLOGIES
from tests.local.engines.conftest import until

CACHE = Path(__file__).parents[3] / ".crosswind" / "cache"
MARKS = "Ann,2\nBert,\nCleo,4\n"
LONG = "import time\nprint('began', flush=True)\ntime.sleep(300)\n"
_RUNS = itertools.count(1)


class RoleClients:
    """The clients of one role's session: `Clients` of Airflow's side."""

    def __init__(self, target: AwsTarget, endpoint: str, credentials: Mapping[str, str]) -> None:
        self.target = target
        self._endpoint = endpoint
        self._session = boto3.Session(
            credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]
        )

    def client(self, service: str, *, config: Any = None) -> Any:
        plain = Config(retries={"total_max_attempts": 1})
        return self._session.client(
            service,
            region_name=self.target.region,
            endpoint_url=self._endpoint,
            config=plain.merge(config) if config else plain,
        )


@dataclass
class Desk:
    """The deployed topology, seen from its site `desk`."""

    world: World
    topology: Topology
    clients: RoleClients

    @property
    def names(self) -> Names:
        return Names(self.topology)

    @property
    def account(self) -> str:
        return self.topology.accounts["data"].id

    @property
    def bucket(self) -> str:
        return self.names.bucket("desk")

    def root(self, service: str) -> Any:
        """A client of the account's root, for what people do."""
        return wire.sessions({}, self.world.endpoint).client(service, self.account, "us-east-1")

    def put(self, key: str, body: str) -> None:
        self.root("s3").put_object(Bucket=self.bucket, Key=key, Body=body.encode())

    def text(self, key: str) -> str:
        return str(self.root("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read().decode())

    @contextmanager
    def script(self, job: str, source: str) -> Iterator[None]:
        """A job's script, another one for a while."""
        key = self.names.script_key(job)
        before = self.text(key)
        self.put(key, source)
        try:
            yield
        finally:
            self.put(key, before)

    @contextmanager
    def without(self, role: str, *actions: str) -> Iterator[None]:
        """A role without some actions, for a while."""
        iam = self.root("iam")
        before = iam.get_role_policy(RoleName=role, PolicyName="granted")["PolicyDocument"]
        left = json.loads(json.dumps(before))
        for statement in left["Statement"]:
            statement["Action"] = [action for action in statement["Action"] if action not in actions]
        left["Statement"] = [statement for statement in left["Statement"] if statement["Action"]]
        assert left != before
        iam.put_role_policy(RoleName=role, PolicyName="granted", PolicyDocument=json.dumps(left))
        try:
            yield
        finally:
            iam.put_role_policy(RoleName=role, PolicyName="granted", PolicyDocument=json.dumps(before))

    @property
    def site_role(self) -> str:
        """The role in which Airflow acts here."""
        return actor_of(self.topology).role

    def owner(self, task: str) -> Owner:
        return Owner("scoring", f"run {next(_RUNS)}", task, -1, 2)

    def tidy(self) -> GlueJobs:
        """The Python shell job's runs, as the operator has them."""
        arguments = {"--bucket": self.bucket, "--input": "raw/marks.csv"}
        return GlueJobs(
            self.clients,
            "tidy",
            lambda attempt: {**arguments, "--prefix": f"clean/{attempt.folder}/"},
            Claims(self.clients, self.bucket, CLAIMS),
            topology=self.topology.name,
            log_group=self.names.log_group("tidy"),
        )

    def score(self, prefix: str = "clean/") -> ProcessingJobs:
        """The processing jobs, as the operator has them."""
        read = Configuration(self.clients, self.bucket, self.names.config_key("score"), "ProcessingJobName")

        def request(attempt: Attempt) -> dict[str, Any]:
            return read.filled(attempt, {"prefix": prefix}, {})

        return ProcessingJobs(self.clients, request, topology=self.topology.name)


def actor_of(topology: Topology) -> Actor:
    return next(actor for actor in Layout(topology).actors if "desk" in actor.sites)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    file = TOPOLOGIES["scoring"]
    topology, root = wire.topology(file)
    world = wire.world(wire.state(tmp_path_factory.mktemp("world"), cache=CACHE), 0)
    try:
        administrator = wire.sessions({}, world.endpoint)
        Applier(administrator).apply(plan_bootstrap(topology, administrator)).raise_first()
        deployer = wire.deployer_sessions(topology, world.endpoint)
        plan = plan_deploy(topology, root, deployer)
        sites = replace(plan, steps=tuple(step for step in plan.steps if "airflow-hub" not in step.id))
        Applier(deployer).apply(sites).raise_first()
        yield Desk(world, topology, entered(world, topology))
    finally:
        world.stop()


def entered(world: World, topology: Topology) -> RoleClients:
    """Airflow's way in: MWAA's execution role, which assumes the cross-account role of the site."""
    names, actor = Names(topology), actor_of(topology)
    account = topology.accounts["data"].id
    target = AwsTarget(account, "us-east-1", "data_desk", site="desk")
    hub = wire.sessions({}, world.endpoint)
    iam = hub.client("iam", topology.hub_account, "us-east-1")
    role = names.role("execution")
    # MWAA alone may take that role, and there is none here: for this test root may too.
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    root = {"Effect": "Allow", "Principal": {"AWS": topology.hub_account}, "Action": "sts:AssumeRole"}
    trust["Statement"].append(root)
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    sts = hub.client("sts", topology.hub_account, "us-east-1")
    execution = sts.assume_role(RoleArn=names.role_arn("execution", topology.hub_account), RoleSessionName="airflow")
    airflow = RoleClients(target, world.endpoint, execution["Credentials"])
    arn = f"arn:aws:iam::{account}:role/{actor.role}"
    session = airflow.client("sts").assume_role(RoleArn=arn, RoleSessionName="scoring", ExternalId=topology.external_id)
    return RoleClients(target, world.endpoint, session["Credentials"])


def ended(jobs: RemoteJobs, submission: Submission) -> Look:
    look: Look = until(lambda: jobs.look(submission), lambda found: not found.state.live)
    return look


def running(jobs: RemoteJobs, submission: Submission) -> None:
    """Wait until the job has printed something."""
    until(lambda: jobs.log_lines(submission, {})[0], bool)


def ran(jobs: RemoteJobs, owner: Owner) -> tuple[Submission, Look]:
    submission = SubmitOnce(jobs).start(owner).submission
    return submission, ended(jobs, submission)


def test_one_job_tidies_and_the_next_one_scores(desk: Desk) -> None:
    desk.put("raw/marks.csv", MARKS)
    tidy = desk.tidy()
    submission, look = ran(tidy, desk.owner("tidy"))
    assert look.state is JobState.SUCCEEDED, (look, tidy.log_lines(submission, {}))
    prefix = f"clean/{submission.attempt.folder}/"
    assert desk.text(f"{prefix}marks.csv") == "Ann,2\nCleo,4\n"
    assert tidy.log_lines(submission, {})[0] == ["kept 2 of 3 rows"]

    score, owner = desk.score(prefix), desk.owner("score_them")
    submission, look = ran(score, owner)
    assert look.state is JobState.SUCCEEDED, (look, score.log_lines(submission, {}))
    assert look.outcome["exit_message"] == "2 marks"
    assert look.outcome["outputs"] == {"scores": f"s3://{desk.bucket}/scores/{submission.id}"}
    assert score.log_lines(submission, {})[0] == ["scored 2 marks"]
    key = f"scores/{submission.id}/mean.json"
    assert json.loads(desk.text(key)) == {"mean": 3.0}
    # The topology gives the bucket a key of its own, and deploy has named it in the request.
    kept = desk.root("s3").head_object(Bucket=desk.bucket, Key=key)
    assert kept["ServerSideEncryption"] == "aws:kms"
    # A retry finds what an earlier try has done.
    again = SubmitOnce(score).start(owner)
    assert (again.adopted, again.submission.id) == (True, submission.id)


def test_a_script_that_fails_says_why(desk: Desk) -> None:
    desk.put("raw/marks.csv", "Bert,\n")
    tidy = desk.tidy()
    submission, look = ran(tidy, desk.owner("tidy"))
    assert (look.state, look.reason) == (JobState.FAILED, "FAILED: ValueError: raw/marks.csv has no row with a mark")
    desk.put("clean/none/marks.csv", "")
    score = desk.score("clean/none/")
    submission, look = ran(score, desk.owner("score_them"))
    assert (look.state, look.reason) == (JobState.FAILED, "AlgorithmError: See job logs for more information")
    assert score.log_lines(submission, {})[0][-1] == "ZeroDivisionError: division by zero"


def test_jobs_are_stopped(desk: Desk) -> None:
    desk.put("clean/long/marks.csv", "Ann,2\n")
    with desk.script("tidy", LONG), desk.script("score", LONG):
        for jobs, task in ((desk.tidy(), "tidy"), (desk.score("clean/long/"), "score_them")):
            submission = SubmitOnce(jobs).start(desk.owner(task)).submission
            running(jobs, submission)
            jobs.stop(submission)
            assert ended(jobs, submission).state is JobState.STOPPED


def test_the_reaper_stops_what_no_task_owns(desk: Desk) -> None:
    desk.put("clean/long/marks.csv", "Ann,2\n")
    with desk.script("tidy", LONG), desk.script("score", LONG):
        left: list[tuple[RemoteJobs, Submission]] = []
        for jobs, task in ((desk.tidy(), "tidy"), (desk.score("clean/long/"), "score_them")):
            submission = SubmitOnce(jobs).start(desk.owner(task)).submission
            running(jobs, submission)
            left.append((jobs, submission))
        owned = SubmitOnce(desk.score("clean/long/")).start(desk.owner("score_them")).submission
        states = {each.attempt.owner: LiveState.ENDED for _, each in left}
        reach = Reach(desk.clients, {"tidy": Claims(desk.clients, desk.bucket, CLAIMS)}, ("processing",))
        reaper = Reaper([reach], lambda owner: states.get(owner, LiveState.LIVE), topology=desk.topology.name)
        survey = reaper.survey()
        assert survey.failures == ()
        assert {orphan.submission.id for orphan in survey.orphans} == {submission.id for _, submission in left}
        assert owned.id in {found.submission.id for found in survey.kept}
        assert reaper.stop(survey.orphans) == ()
        assert {ended(jobs, submission).state for jobs, submission in left} == {JobState.STOPPED}
        desk.score().stop(owned)
        ended(desk.score(), owned)


@pytest.mark.parametrize(
    ("actions", "denied"),
    [
        (("sagemaker:CreateProcessingJob",), "sagemaker:CreateProcessingJob"),
        (("iam:PassRole",), "iam:PassRole"),
        (("sagemaker:AddTags",), "sagemaker:AddTags"),
    ],
)
def test_a_right_that_airflow_misses_is_named(desk: Desk, actions: tuple[str, ...], denied: str) -> None:
    owner = desk.owner("score_them")
    with desk.without(desk.site_role, *actions), pytest.raises(ClientError) as refused:
        SubmitOnce(desk.score()).start(owner)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    assert denied in refused.value.response["Error"]["Message"]
    assert desk.score().find(owner) == []


def test_a_run_that_may_not_be_started_leaves_no_claim_behind(desk: Desk) -> None:
    owner = desk.owner("tidy")
    with desk.without(desk.site_role, "glue:StartJobRun"), pytest.raises(ClientError, match="glue:StartJobRun"):
        SubmitOnce(desk.tidy()).start(owner)
    assert desk.tidy().find(owner) == []


def test_a_right_that_a_job_misses_fails_it(desk: Desk) -> None:
    desk.put("raw/marks.csv", MARKS)
    with desk.without(desk.names.job_role("tidy"), "s3:PutObject"):
        _, look = ran(desk.tidy(), desk.owner("tidy"))
    assert look.state is JobState.FAILED
    assert "AccessDenied" in look.reason
    assert "s3:PutObject" in look.reason
    desk.put("clean/some/marks.csv", "Ann,2\n")
    with desk.without(desk.names.job_role("score"), "s3:PutObject"):
        _, look = ran(desk.score("clean/some/"), desk.owner("score_them"))
    assert look.state is JobState.FAILED
    assert look.reason.startswith("ClientError: Failed to upload data.")
    assert "s3:PutObject" in look.reason


def test_another_tasks_name_is_no_job_of_ours(desk: Desk) -> None:
    """The role knows jobs by the names of the pipeline's tasks: another it may neither look for nor start."""
    with pytest.raises(ClientError, match=r"not authorized .*:processing-job/stranger-run"):
        SubmitOnce(desk.score()).start(desk.owner("stranger"))
    with pytest.raises(ClientError, match=r"sagemaker:CreateProcessingJob .*:processing-job/stranger-run"):
        desk.score().submit(Attempt(desk.owner("stranger"), 1))


def test_two_tries_at_once_make_one_job(desk: Desk) -> None:
    desk.put("clean/some/marks.csv", "Ann,2\n")
    owner, made = desk.owner("score_them"), []

    def try_once() -> None:
        made.append(SubmitOnce(desk.score("clean/some/")).start(owner).submission.id)

    threads = [threading.Thread(target=try_once) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 3
    assert len(set(made)) == 1
    found = desk.score().find(owner)
    assert [submission.id for submission, _ in found] == [made[0]]
    ended(desk.score(), found[0][0])
