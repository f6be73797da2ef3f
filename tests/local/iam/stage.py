"""The example, deployed under its deployer's role into fresh accounts, and who acts in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import boto3
import botocore.credentials
import botocore.session
from botocore.config import Config

from crosswind.cli import wire
from crosswind.deploy import Applier, Plan, plan_bootstrap, plan_deploy
from crosswind.local.edge.call import Credentials
from crosswind.topology import Names, Topology
from tests.local.iam.arena import Arena

Statements = list[dict[str, Any]]
EAST, WEST = "us-east-1", "us-west-2"
RUN = "transformed/run-1/"
MODEL, ANSWER = "models/train-0/output/model.tar.gz", "results/one.json"
GLUE_JOB, TRAINING, CLEANUP = "mwaa_glue_raw_to_transform", "penguins_training", "dagcleanup"


def document(statements: Statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@dataclass(frozen=True)
class Entry:
    """How Airflow enters the work account; the defaults are the example's own."""

    external_id: str | None = "unified-pipelines-hub"
    more: Mapping[str, Any] = field(default_factory=dict)
    turned: Callable[[Stage, Credentials], Credentials] = lambda _, credentials: credentials


class Seat:
    """The clients of one role, made once; who sits there brings the credentials. A client takes a while to make."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._credentials = botocore.credentials.Credentials("", "")
        inner = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
        inner._credentials = self._credentials
        self._session = boto3.Session(botocore_session=inner)
        self.clients: dict[tuple[str, str], Any] = {}

    def take(self, credentials: Credentials) -> None:
        """Sign with these from now on."""
        self._credentials.access_key = credentials.access_key
        self._credentials.secret_key = credentials.secret_key
        self._credentials.token = credentials.session_token or None

    def client(self, service: str, region: str) -> Any:
        """A client that signs with the credentials of the moment, and tries once."""
        key = (service, region)
        if key not in self.clients:
            config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
            self.clients[key] = self._session.client(
                service, region_name=region, endpoint_url=self._endpoint, config=config
            )
        return self.clients[key]


class Stage:
    """The deployed example.

    Args:
        arena: the world.
        topology: in accounts of its own.
    """

    def __init__(self, arena: Arena, topology: Topology) -> None:
        self.arena = arena
        self.topology = topology
        self.names = Names(topology)
        self.hub = topology.hub_account
        self.data = topology.accounts["data"].id
        self._seats: dict[str, Seat] = {}
        self.management = ""
        self.source, self.destination = self.names.bucket("source"), self.names.bucket("destination")
        self.roles = {
            "execution": self.names.role_arn("execution", self.hub),
            "cross-account": self.names.role_arn("cross-account", self.data),
            "glue": self.names.job_role_arn(GLUE_JOB),
            "sagemaker": self.names.job_role_arn(TRAINING),
            "lambda": self.names.job_role_arn(CLEANUP),
            "replication": self.names.replication_role_arn("source"),
        }

    def deploy(self) -> None:
        """Bootstrap as root, deploy as the deployer, then lay out what a run leaves behind."""
        administrator = wire.sessions({}, self.arena.endpoint)
        Applier(administrator).apply(plan_bootstrap(self.topology, administrator)).raise_first()
        deployer = wire.deployer_sessions(self.topology, self.arena.endpoint)
        plan = plan_deploy(self.topology, wire.example().parent, deployer)
        Applier(deployer).apply(without_airflow(plan)).raise_first()
        self._set_out()

    def _set_out(self) -> None:
        """As root: what the Airflow stack would have made, and the objects of one run."""
        root = self.arena.root
        for site in self.topology.sites.values():
            root("secretsmanager", self.hub).create_secret(Name=self.names.secret(site.connection), SecretString="{}")
        s3 = root("s3", self.data)
        s3.put_object(Bucket=self.source, Key="raw/ml_train_data.csv", Body=b"a,b\n")
        for key in ("_manifest.json", "train/part-0.csv"):
            s3.put_object(Bucket=self.source, Key=RUN + key, Body=b"{}")
        for key in (MODEL, ANSWER):
            s3.put_object(Bucket=self.destination, Key=key, Body=b"{}")
        assert self.arena.replication.wait_idle(10)
        # What a DAG of the user's own needs beside the bucket policies' grant to the execution role.
        arns = [f"arn:aws:s3:::{self.source}", f"arn:aws:s3:::{self.source}/*"]
        rights: Statements = [
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": arns},
            {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": f"arn:aws:kms:{EAST}:{self.data}:key/*"},
        ]
        root("iam", self.hub).put_role_policy(
            RoleName=self.role_name("execution"), PolicyName="own-dag", PolicyDocument=document(rights)
        )

    def seat(self, who: str, credentials: Credentials) -> Seat:
        """Where somebody acts, now with these credentials."""
        seat = self._seats.setdefault(who, Seat(self.arena.endpoint))
        seat.take(credentials)
        return seat

    def role_name(self, who: str) -> str:
        return self.roles[who].rpartition("/")[2]

    def account_of(self, who: str) -> str:
        return self.hub if who == "execution" else self.data

    def iam(self, who: str) -> Any:
        """IAM as root of the account that has a role."""
        return self.arena.root("iam", self.account_of(who))

    def statements(self, who: str) -> Statements:
        """The statements that the templates granted to a role."""
        granted = self.iam(who).get_role_policy(RoleName=self.role_name(who), PolicyName="granted")
        statements: Statements = granted["PolicyDocument"]["Statement"]
        return statements

    @contextmanager
    def granted(self, who: str, change: Callable[[Statements], Statements]) -> Iterator[None]:
        """A role's granted statements, changed for a while."""
        before = self.statements(who)
        self._grant(who, change(before))
        try:
            yield
        finally:
            self._grant(who, before)

    def _grant(self, who: str, statements: Statements) -> None:
        iam, role = self.iam(who), self.role_name(who)
        if statements:
            iam.put_role_policy(RoleName=role, PolicyName="granted", PolicyDocument=document(statements))
        else:
            iam.delete_role_policy(RoleName=role, PolicyName="granted")

    @contextmanager
    def trusted(self, who: str, change: Callable[[Statements], Statements]) -> Iterator[None]:
        """A role's trust, changed for a while."""
        iam, role = self.iam(who), self.role_name(who)
        before = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]

        def put(statements: Statements) -> None:
            iam.update_assume_role_policy(RoleName=role, PolicyDocument=document(statements))

        put(change(json.loads(json.dumps(before))))
        try:
            yield
        finally:
            put(before)

    @contextmanager
    def bucket_policy(self, bucket: str, change: Callable[[Statements], Statements]) -> Iterator[None]:
        """A site bucket's policy, changed for a while."""
        s3 = self.arena.root("s3", self.data)
        before = s3.get_bucket_policy(Bucket=bucket)["Policy"]
        s3.put_bucket_policy(Bucket=bucket, Policy=document(change(json.loads(before)["Statement"])))
        try:
            yield
        finally:
            s3.put_bucket_policy(Bucket=bucket, Policy=before)

    @contextmanager
    def key_policy(self, bucket: str, region: str, change: Callable[[Statements], Statements]) -> Iterator[None]:
        """The policy of a site bucket's key, changed for a while."""
        s3, kms = (self.arena.root(service, self.data, region) for service in ("s3", "kms"))
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        key = rules[0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
        before = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        changed = document(change(json.loads(before)["Statement"]))
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=changed)
        try:
            yield
        finally:
            kms.put_key_policy(KeyId=key, PolicyName="default", Policy=before)

    def organize(self) -> None:
        """Put both accounts into an organization, with both kinds of control policies on."""
        self.management = self.arena.account()
        organizations = self.arena.root("organizations", self.management)
        organizations.create_organization(FeatureSet="ALL")
        root = organizations.list_roots()["Roots"][0]["Id"]
        organizations.enable_policy_type(RootId=root, PolicyType="RESOURCE_CONTROL_POLICY")
        for account in (self.hub, self.data):
            self.arena.moto.join(self.management, account, f"{account}@example.com")

    @contextmanager
    def controlled(self, kind: str, statement: Mapping[str, Any]) -> Iterator[None]:
        """The work account under one more control policy for a while."""
        organizations = self.arena.root("organizations", self.management)
        policy = organizations.create_policy(
            Name=f"{kind}-{next(_RUNS)}", Description="in the way", Type=kind, Content=document([dict(statement)])
        )["Policy"]["PolicySummary"]["Id"]
        organizations.attach_policy(PolicyId=policy, TargetId=self.data)
        try:
            yield
        finally:
            organizations.detach_policy(PolicyId=policy, TargetId=self.data)
            organizations.delete_policy(PolicyId=policy)


def without_airflow(plan: Plan) -> Plan:
    return replace(plan, steps=tuple(step for step in plan.steps if "airflow-hub" not in step.id))


class Cast:
    """Who acts in one run of the flows: each session is opened when it is first needed, as the services do it.

    Args:
        stage: the deployed example.
        entry: how Airflow enters the work account.
    """

    def __init__(self, stage: Stage, entry: Entry | None = None) -> None:
        self.stage = stage
        self._entry = entry or Entry()
        self._seats: dict[str, Seat] = {}

    def client(self, who: str, service: str, region: str = EAST) -> Any:
        """A client under one of the example's roles.

        Raises:
            ClientError: STS refused to open the session.
            ServiceError: the role does not trust the service.
        """
        if who not in self._seats:
            credentials = self.enter() if who == "cross-account" else self._by_service(who)
            self._seats[who] = self.stage.seat(who, credentials)
        return self._seats[who].client(service, region)

    def enter(self, **more: Any) -> Credentials:
        """The cross-account role's session, as Airflow's connection opens it; with more than it asks for."""
        asked = {"RoleArn": self.stage.roles["cross-account"], "RoleSessionName": "airflow", **self._entry.more, **more}
        if self._entry.external_id is not None:
            asked["ExternalId"] = self._entry.external_id
        keys = self.client("execution", "sts").assume_role(**asked)["Credentials"]
        credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        return self._entry.turned(self.stage, credentials)

    def _by_service(self, who: str) -> Credentials:
        data, hub = self.stage.data, self.stage.hub
        via, source = {
            "execution": ("airflow", f"arn:aws:airflow:{EAST}:{hub}:environment/{self.stage.names.environment}"),
            "glue": ("glue", ""),
            "sagemaker": ("sagemaker", f"arn:aws:sagemaker:{WEST}:{data}:training-job/train-1"),
            "lambda": ("lambda", f"arn:aws:lambda:{WEST}:{data}:function:{CLEANUP}"),
        }[who]
        credentials, _ = self.stage.arena.issuer.issue(self.stage.roles[who], "run-1", via=via, source_arn=source)
        return credentials

    @cached_property
    def run(self) -> str:
        """A word that no other run has, for what may exist once."""
        return str(next(_RUNS))


def _count() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


_RUNS = _count()
