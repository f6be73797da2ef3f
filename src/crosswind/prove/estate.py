"""What the flows are about, by its real names: ARNs of buckets, objects, jobs, logs, keys, and who acts where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from crosswind.prove.documents import Documents
from crosswind.prove.fed_stacks import Stacks
from crosswind.prove.flow import OBSERVED, Evidence, Flow, Keys, frozen
from crosswind.prove.principals import Principals
from crosswind.prove.template_values import TemplateValues
from crosswind.topology import Names, Topology
from crosswind.topology.model import Job, Pipeline, Replication

__all__ = ["Actor", "Estate", "split_ref"]

_SUFFIXES = {"aws-cn": "amazonaws.com.cn"}


def split_ref(ref: str) -> tuple[str, str]:
    """`bucket/folder/key` as the bucket and the path in it, without a slash at its end."""
    bucket, _, path = ref.partition("/")
    return bucket, path.rstrip("/")


@dataclass(frozen=True)
class Actor:
    """Somebody who acts at a place, for something that the topology declares.

    Attributes:
        who: a role's ARN, or a service's name.
        region: where the calls go.
        owner: the account of what is acted on.
        asks: the key path.
        context: condition keys of every call.
    """

    who: str
    region: str
    owner: str
    asks: str
    context: Keys = field(default_factory=dict)

    def flow(
        self,
        does: str,
        action: str,
        resource: str,
        evidence: Evidence = OBSERVED,
        context: Keys | None = None,
        owner: str = "",
    ) -> Flow:
        """One flow of this actor's; see `Flow`."""
        keys = {"aws:RequestedRegion": self.region, "aws:SecureTransport": "true", **self.context, **(context or {})}
        return Flow(does, self.who, action, resource, owner or self.owner, self.asks, evidence, frozen(keys))


class Estate:
    """A topology by its real names.

    Args:
        topology: checked.
        documents: of its templates: they tell which roles Airflow acts under, and the keys' ids.
        stacks: with the templates that are proven.
    """

    def __init__(self, topology: Topology, documents: Documents, stacks: Stacks) -> None:
        self.topology = topology
        self.names = Names(topology)
        self.documents = documents
        self.templates: tuple[TemplateValues, ...] = tuple(stacks)
        self.principals = Principals(topology, self.names, documents)
        self.partition = topology.partition

    # -- who ----------------------------------------------------------------------------------------------------

    def airflow(self, site: str, pipeline: str, asks: str) -> Actor:
        """Airflow at a site, for a pipeline; an empty one is what serves all of them."""
        role = self.principals.airflow(site, pipeline)
        return Actor(role, self.region(site), self.account(site), asks)

    def job(self, name: str, asks: str = "") -> Actor:
        """A job under its own role, at its own site."""
        site = self.topology.jobs[name].site
        return Actor(self.names.job_role_arn(name), self.region(site), self.account(site), asks or f"jobs.{name}")

    def execution(self, asks: str = "hub.airflow") -> Actor:
        """MWAA under the hub's execution role."""
        hub = self.topology.hub
        return Actor(self.principals.execution, hub.region, self.topology.hub_account, asks)

    def service(self, service: str, region: str, account: str, asks: str, **context: str) -> Actor:
        """A service, as itself, for resources of an account."""
        return Actor(f"{service}.amazonaws.com", region, account, asks, context)

    # -- places -------------------------------------------------------------------------------------------------

    def region(self, site: str) -> str:
        """A site's Region."""
        return self.topology.region_of(site)

    def account(self, site: str) -> str:
        """A site's account."""
        return self.topology.account_of(site)

    def at(self, bucket: str) -> tuple[str, str]:
        """The Region and the account of a declared bucket."""
        site = self.topology.buckets[bucket].site
        return self.region(site), self.account(site)

    @property
    def url_suffix(self) -> str:
        """What the hosts of the partition's services end in."""
        return _SUFFIXES.get(self.partition, "amazonaws.com")

    # -- what ---------------------------------------------------------------------------------------------------

    def arn(self, service: str, region: str, account: str, rest: str) -> str:
        """Any ARN."""
        return f"arn:{self.partition}:{service}:{region}:{account}:{rest}"

    def site_arn(self, site: str, service: str, rest: str) -> str:
        """The ARN of a resource of a service at a site."""
        return self.arn(service, self.region(site), self.account(site), rest)

    def bucket(self, name: str) -> str:
        """The ARN of a declared bucket."""
        return self.arn("s3", "", "", self.names.bucket(name))

    def object(self, name: str, key: str) -> str:
        """The ARN of an object of a declared bucket."""
        return f"{self.bucket(name)}/{key}"

    @cached_property
    def airflow_bucket(self) -> str:
        """The ARN of the hub's bucket."""
        return self.arn("s3", "", "", self.names.airflow_bucket)

    def role(self, arn_or_name: str, account: str) -> str:
        """The ARN of a role by its name."""
        return self.arn("iam", "", account, f"role/{arn_or_name}")

    def queue(self, bucket: str) -> str:
        """The ARN of the queue of a source bucket's failures."""
        region, account = self.at(bucket)
        return self.arn("sqs", region, account, self.names.failures_queue(bucket))

    def key(self, bucket: str) -> str:
        """The ARN of the KMS key that encrypts a declared bucket; empty for one without a key of its own."""
        return self.documents.keys.get(self.bucket(bucket), "")

    def log_group(self, site: str, group: str) -> str:
        """A log group, as the actions on a group as a whole name it.

        Source: docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html (`arn`).
        """
        return self.site_arn(site, "logs", f"log-group:{group}:log-stream:")

    def log_stream(self, site: str, group: str, stream: str) -> str:
        """A log stream."""
        return self.log_group(site, group) + stream

    # -- what is declared ---------------------------------------------------------------------------------------

    def jobs(self, *types: str) -> Iterator[tuple[str, Job]]:
        """The declared jobs of some types, sorted."""
        return ((name, job) for name, job in sorted(self.topology.jobs.items()) if job.type in types)

    @cached_property
    def steps(self) -> tuple[tuple[str, str, str, str], ...]:
        """Every step: pipeline, key path, what it waits for, the job that it runs."""
        return tuple(
            (name, f"pipelines.{name}.steps[{index}]", step.wait or "", step.run or "")
            for name, pipeline in sorted(self.topology.pipelines.items())
            for index, step in enumerate(pipeline.steps)
        )

    @cached_property
    def _by_destination(self) -> Mapping[str, tuple[tuple[str, Replication], ...]]:
        found: dict[str, list[tuple[str, Replication]]] = {}
        for name, each in sorted(self.topology.replications.items()):
            found.setdefault(f"{each.destination}/{each.folder}", []).append((name, each))
        return {ref: tuple(each) for ref, each in found.items()}

    def arriving(self, ref: str) -> tuple[tuple[str, Replication], ...]:
        """The replications that bring a folder, given as `bucket/folder`."""
        return self._by_destination.get(ref.rstrip("/"), ())

    @cached_property
    def _by_source(self) -> Mapping[str, tuple[tuple[str, Replication], ...]]:
        found: dict[str, list[tuple[str, Replication]]] = {}
        for name, each in sorted(self.topology.replications.items()):
            found.setdefault(f"{each.source}/{each.folder}", []).append((name, each))
        return {ref: tuple(each) for ref, each in found.items()}

    def leaving(self, ref: str) -> tuple[tuple[str, Replication], ...]:
        """The replications that take a folder elsewhere, given as `bucket/folder`."""
        return self._by_source.get(ref.rstrip("/"), ())

    @cached_property
    def _waited(self) -> frozenset[tuple[str, str]]:
        return frozenset((pipeline, wait.rstrip("/")) for pipeline, _, wait, _ in self.steps if wait)

    def waits(self, pipeline: str, ref: str) -> bool:
        """Whether a pipeline has a step that waits for a folder, given as `bucket/folder`."""
        return (pipeline, ref.rstrip("/")) in self._waited

    def tasks(self, job: str) -> Iterator[tuple[str, str, str]]:
        """Where a job is run: pipeline, key path, task."""
        for name, pipeline in self._pipelines_of.get(job, ()):
            for index, step in enumerate(pipeline.steps):
                if step.run == job:
                    yield name, f"pipelines.{name}.steps[{index}].run", step.task or job

    @cached_property
    def _pipelines_of(self) -> Mapping[str, tuple[tuple[str, Pipeline], ...]]:
        found: dict[str, dict[str, Pipeline]] = {}
        for name, pipeline in sorted(self.topology.pipelines.items()):
            for step in pipeline.steps:
                if step.run:
                    found.setdefault(step.run, {})[name] = pipeline
        return {job: tuple(each.items()) for job, each in found.items()}
