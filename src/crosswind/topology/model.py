"""What a user declares in `crosswind.yaml`, as frozen values that forbid unknown keys.

Every key is documented in its class, and in docs/reference/topology.md. `MODELS` says which class holds which
part of the file; the loader uses it to name the valid keys.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

__all__ = [
    "MODELS",
    "Account",
    "Airflow",
    "Bucket",
    "FolderRef",
    "GlueJob",
    "Hub",
    "Intervals",
    "Job",
    "LambdaJob",
    "Network",
    "Pipeline",
    "Replication",
    "SageMakerJob",
    "Site",
    "Step",
    "Topology",
]

AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
RegionName = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,62}$")]
TopologyName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$")]
FolderRef = Annotated[str, StringConstraints(pattern=r"^[^/\s]+/[^\s]+$")]
"""`bucket/folder`, both as declared."""
EnvironmentClass = Annotated[str, StringConstraints(pattern=r"^mw1\.[a-z0-9]+$")]
AirflowVersion = Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
OptionName = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z0-9_]+$")]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
RoleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@/-]{0,512}$")]


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Account(_Declared):
    """An AWS account.

    Attributes:
        id: its 12 digits, in quotes.
        profile: the credentials profile that acts in it, on AWS; the local world uses the id. Without one,
            the default chain of credentials.
        console_role: the name of the role (with its path, if it has one) in which people look at the account; Airflow's
            console links switch to it. Without one, a link opens in the account that the browser is in.
    """

    id: AccountId
    profile: str = ""
    console_role: RoleName = ""


class Airflow(_Declared):
    """The MWAA environment: its version, size, files and options. Paths are relative to the topology file.

    Attributes:
        version: Airflow's version, one that MWAA runs.
        environment_class: MWAA's size, `mw1.micro` to `mw1.2xlarge`.
        min_workers: the fewest workers, 1 to 25.
        max_workers: the most workers, 1 to 25.
        webserver_access: who reaches Airflow's UI by network: `PRIVATE_ONLY`, `PUBLIC_ONLY` or
            `PUBLIC_AND_PRIVATE`.
        dags: the folder of the DAG files.
        requirements: the requirements.txt for MWAA.
        options: Airflow options, `section.key: "value"`; those of the secrets backend are Crosswind's own.
    """

    version: AirflowVersion = "3.3.1"
    environment_class: EnvironmentClass = "mw1.small"
    min_workers: int = Field(default=1, ge=1, le=25)
    max_workers: int = Field(default=2, ge=1, le=25)
    webserver_access: Literal["PRIVATE_ONLY", "PUBLIC_ONLY", "PUBLIC_AND_PRIVATE"] = "PUBLIC_ONLY"
    dags: FileName = "dags"
    requirements: FileName = "requirements.txt"
    options: dict[OptionName, str] = Field(default_factory=dict)


class Network(_Declared):
    """The hub's VPC: two public and two private subnets in two Availability Zones, and NAT.

    Attributes:
        cidr: its range of IPv4 addresses, /16 to /26.
    """

    cidr: str = "10.192.0.0/16"


class Hub(_Declared):
    """Where Airflow runs.

    Attributes:
        account: a declared account.
        region: its Region.
        airflow: the environment.
        network: its network.
    """

    account: Name
    region: RegionName
    airflow: Airflow = Airflow()
    network: Network = Network()


class Site(_Declared):
    """A named (account, Region) where work runs.

    Attributes:
        account: a declared account.
        region: its Region.
        connection: the id of the site's one Airflow connection.
    """

    account: Name
    region: RegionName
    connection: Name


class Bucket(_Declared):
    """A bucket at a site.

    Attributes:
        site: a declared site.
        folders: its top-level prefixes, without slashes.
        versioning: whether S3 keeps versions; replication asks for it.
        encryption: `s3`: with keys of S3's own (SSE-S3); `customer-key`: with a KMS key of the bucket's own, made
            beside it (SSE-KMS).
        name: its name in S3; without one it is derived: `<topology>-<bucket>-<account>-<region>`.
    """

    site: Name
    folders: tuple[Name, ...]
    versioning: bool = True
    encryption: Literal["s3", "customer-key"] = "s3"
    name: str = ""

    @property
    def has_key(self) -> bool:
        """Whether a KMS key of the bucket's own encrypts it."""
        return self.encryption == "customer-key"


class Replication(_Declared):
    """How the objects of one folder get to the jobs of another site.

    Attributes:
        source: `from` in the file: a declared bucket with versioning.
        target: `to` in the file: a declared bucket with versioning, at another site; none where the folder is read in
            place.
        folder: a folder that both declare.
        mover: `crr`: S3 replicates; `crr-rtc`: so it does, with S3's Replication Time Control (15 minutes); `copy`:
            Airflow copies, under the cross-account role of the destination's account; `in-place`: nothing moves, jobs
            of other sites read the source.
        repair: whether Airflow may copy what S3 failed to replicate, as `copy` does.
        failure_events: whether S3 tells of each object that it failed to replicate, and why, in an SQS queue beside the
            source.
    """

    source: Name = Field(alias="from")
    target: Name | None = Field(default=None, alias="to")
    folder: Name
    mover: Literal["crr", "crr-rtc", "copy", "in-place"] = "crr"
    repair: bool = False
    failure_events: bool = False

    @property
    def destination(self) -> str:
        """The bucket in which other sites find the folder: the source itself where it is read in place."""
        return self.target or self.source

    @property
    def by_s3(self) -> bool:
        """Whether S3 replicates."""
        return self.mover in ("crr", "crr-rtc")

    @property
    def copies(self) -> bool:
        """Whether Airflow copies: always, or what S3 failed to replicate."""
        return self.mover == "copy" or self.repair


class _Job(_Declared):
    site: Name
    reads: tuple[FolderRef, ...] = ()
    writes: tuple[FolderRef, ...] = ()
    deletes: tuple[FolderRef, ...] = ()


class GlueJob(_Job):
    """A Glue Spark job.

    Attributes:
        type: `glue`.
        site: a declared site.
        reads: the folders that it reads, `bucket/folder`, in buckets of its site; elsewhere only in place.
        writes: the folders that it writes, in buckets of its site.
        deletes: the folders that it deletes from, in buckets of its account.
        script: the file of its script.
        scripts: the folder that the script is uploaded into, in a bucket of its site.
        glue_version: Glue's version.
        worker_type: Glue's worker type.
        workers: how many, 2 to 299.
        timeout_minutes: when Glue stops it, 1 to 2880.
    """

    type: Literal["glue"]
    script: FileName
    scripts: FolderRef
    glue_version: str = "5.0"
    worker_type: str = "G.1X"
    workers: int = Field(default=2, ge=2, le=299)
    timeout_minutes: int = Field(default=15, ge=1, le=2880)


class SageMakerJob(_Job):
    """A SageMaker training job.

    Attributes:
        type: `sagemaker`.
        site: a declared site.
        reads: the folders that it reads, `bucket/folder`, in buckets of its site; elsewhere only in place.
        writes: the folders that it writes, in buckets of its site.
        deletes: the folders that it deletes from, in buckets of its account.
        config: the file of its CreateTrainingJob request, as JSON with placeholders.
        configs: the folder that the file is uploaded into, in a bucket of its site.
    """

    type: Literal["sagemaker"]
    config: FileName
    configs: FolderRef


class LambdaJob(_Job):
    """A Lambda function of one file, shipped inline in the template.

    Attributes:
        type: `lambda`.
        site: a declared site.
        reads: the folders that it reads, `bucket/folder`, in buckets of its site; elsewhere only in place.
        writes: the folders that it writes, in buckets of its site.
        deletes: the folders that it deletes from, in buckets of its account.
        source: the file of its code.
        handler: the function in that file which Lambda calls.
        runtime: `python3.11`, `python3.12` or `python3.13`.
        timeout_seconds: when Lambda stops it, 1 to 900.
        memory_mb: its memory, 128 to 10240.
        results: the folder in a bucket of its site into which an asynchronous invocation puts its result; without one,
            Airflow invokes the function synchronously.
    """

    type: Literal["lambda"]
    source: FileName
    handler: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")] = "handler"
    runtime: Literal["python3.11", "python3.12", "python3.13"] = "python3.12"
    timeout_seconds: int = Field(default=60, ge=1, le=900)
    memory_mb: int = Field(default=256, ge=128, le=10240)
    results: FolderRef | None = None


Job = Annotated[GlueJob | SageMakerJob | LambdaJob, Field(discriminator="type")]


class Step(_Declared):
    """One step of a pipeline: it either waits or runs a job.

    Attributes:
        wait: it waits for a folder (`bucket/folder`) or an object in it (`bucket/folder/key`).
        run: it runs a declared job.
        task: its task in the DAG; without one, the job's name.
    """

    wait: FolderRef | None = None
    run: Name | None = None
    task: Name | None = None


class Pipeline(_Declared):
    """A DAG and the steps that it takes.

    Attributes:
        dag: its file, in the folder `hub.airflow.dags`.
        after: the pipeline whose success starts it.
        steps: what it does, in order.
    """

    dag: FileName
    after: Name | None = None
    steps: tuple[Step, ...]


class Intervals(_Declared):
    """How often sensors and operators look, and how long they wait.

    Attributes:
        poke_seconds: between two looks of a sensor.
        timeout_seconds: when a sensor gives up.
        job_seconds: between two looks at a running job.
        retries: of a task, 0 to 10.
        retry_seconds: before the first retry; later ones wait longer.
        arrival_seconds: when a handover that has not arrived is given up.
        reap_seconds: between two looks for jobs that no task owns.
    """

    poke_seconds: int = Field(default=60, ge=1)
    timeout_seconds: int = Field(default=3600, ge=1)
    job_seconds: int = Field(default=30, ge=1)
    retries: int = Field(default=2, ge=0, le=10)
    retry_seconds: int = Field(default=60, ge=1)
    arrival_seconds: int = Field(default=3600, ge=1)
    reap_seconds: int = Field(default=300, ge=1)


class Topology(_Declared):
    """The whole declared file.

    Attributes:
        version: of the file's format: 1.
        name: of the topology; every AWS name begins with it. Lower-case letters, digits and hyphens, 2 to 32.
        partition: `aws`, `aws-cn` or `aws-us-gov`.
        external_id: what Airflow sends when it assumes a cross-account role. No secret.
        roles: `single`: one cross-account role an account.
        accounts: by name.
        hub: where Airflow runs.
        sites: where work runs, by name.
        buckets: by name.
        replications: how folders get to other sites, by name.
        jobs: by name; the name is the Glue job's and the Lambda function's in AWS.
        pipelines: by name; the name is the DAG's id.
        data: files that deploy uploads, by object: `bucket/folder/key: file`.
        intervals: of sensors and operators.
    """

    version: Literal[1]
    name: TopologyName
    partition: Literal["aws", "aws-cn", "aws-us-gov"] = "aws"
    external_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@:/-]+$", min_length=2, max_length=1224)]
    roles: Literal["single"] = "single"
    accounts: dict[Name, Account]
    hub: Hub
    sites: dict[Name, Site]
    buckets: dict[Name, Bucket]
    replications: dict[Name, Replication] = Field(default_factory=dict)
    jobs: dict[Name, Job]
    pipelines: dict[Name, Pipeline]
    data: dict[FolderRef, FileName] = Field(default_factory=dict)
    intervals: Intervals = Intervals()

    def account_of(self, site: str) -> str:
        """The 12-digit id of a site's account."""
        return self.accounts[self.sites[site].account].id

    def region_of(self, site: str) -> str:
        """The Region of a site."""
        return self.sites[site].region

    @property
    def hub_account(self) -> str:
        """The 12-digit id of the hub's account."""
        return self.accounts[self.hub.account].id


MODELS: dict[tuple[str, ...], tuple[type[BaseModel], ...]] = {
    (): (Topology,),
    ("accounts", "*"): (Account,),
    ("hub",): (Hub,),
    ("hub", "airflow"): (Airflow,),
    ("hub", "network"): (Network,),
    ("sites", "*"): (Site,),
    ("buckets", "*"): (Bucket,),
    ("replications", "*"): (Replication,),
    ("jobs", "*"): (GlueJob, SageMakerJob, LambdaJob),
    ("pipelines", "*"): (Pipeline,),
    ("pipelines", "*", "steps", "*"): (Step,),
    ("intervals",): (Intervals,),
}
"""The class of each part of the file; `*` is any name or position. A job's class follows from its `type`."""
