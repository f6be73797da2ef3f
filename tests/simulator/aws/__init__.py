"""AWS in memory: accounts and Regions that behave as the APIs say, on the simulator's clock.

`Aws` holds the services; `Aws.clients(target, caller)` gives what the tasks' logic asks for. Each call crosses a
boundary (`client`), where the caller's fate is decided. Jobs do their work by `course`: what they read and write is
kept as facts, for the invariants to look at. The agreement tests hold all this against the local world's edge.
"""

from __future__ import annotations

from typing import Any

from crosswind.airflow.target import AwsTarget
from tests.simulator.aws.client import Blow, Caller, Client, Crash, Steady
from tests.simulator.aws.course import Course, Run, Script
from tests.simulator.aws.functions import Functions, Way
from tests.simulator.aws.glue import Glue
from tests.simulator.aws.queues import Queues
from tests.simulator.aws.s3 import S3
from tests.simulator.aws.sagemaker import SageMaker
from tests.simulator.aws.small import Logs, Sts
from tests.simulator.aws.storage import Bucket, Fate, Replica, Stored, failure_event
from tests.simulator.clock import Clock

__all__ = [
    "Aws", "AwsClients", "Blow", "Bucket", "Caller", "Course", "Crash", "Fate", "Replica", "Run", "Script", "Steady",
    "Stored", "Way", "failure_event",
]  # fmt: skip


class Aws:
    """All accounts and Regions.

    Args:
        clock: the time; a new one by default.
        smallest_part, largest_copy: S3's limits in bytes, lowered so that small objects reach them.
    """

    def __init__(self, clock: Clock | None = None, **limits: int) -> None:
        self.clock = clock or Clock()
        self.s3 = S3(self.clock, **limits)
        self.queues = Queues(self.clock)
        self._placed: dict[tuple[str, str, str], Any] = {}

    def glue(self, account: str, region: str) -> Glue:
        """Glue of a place."""
        return self._of("glue", account, region, lambda: Glue(self.clock, f"{account[-2:]}{region}"))

    def sagemaker(self, account: str, region: str) -> SageMaker:
        """SageMaker of a place."""
        return self._of("sagemaker", account, region, lambda: SageMaker(self.clock, account, region))

    def functions(self, account: str, region: str) -> Functions:
        """Lambda of a place."""
        return self._of("lambda", account, region, lambda: Functions(self.clock, self.logs(account, region)))

    def logs(self, account: str, region: str) -> Logs:
        """CloudWatch Logs of a place."""
        return self._of("logs", account, region, lambda: Logs(self.clock))

    def service(self, name: str, account: str, region: str) -> Any:
        """A service by boto3's name of it."""
        match name:
            case "s3":
                return self.s3
            case "sqs":
                return self.queues
            case "glue":
                return self.glue(account, region)
            case "sagemaker":
                return self.sagemaker(account, region)
            case "lambda":
                return self.functions(account, region)
            case "logs":
                return self.logs(account, region)
            case "sts":
                return self._of("sts", account, region, lambda: Sts(self.clock, account))
        raise LookupError(f"the simulator has no {name}")

    def clients(self, target: AwsTarget, caller: Caller | None = None) -> AwsClients:
        """The clients of a target for a caller."""
        return AwsClients(self, target, caller or Steady())

    def _of(self, name: str, account: str, region: str, make: Any) -> Any:
        key = (name, account, region)
        if key not in self._placed:
            self._placed[key] = make()
        return self._placed[key]


class AwsClients:
    """`crosswind.airflow.target.Clients` over the simulated AWS."""

    def __init__(self, aws: Aws, target: AwsTarget, caller: Caller) -> None:
        self.target = target
        self._aws, self._caller = aws, caller
        self._made: dict[tuple[str, Any], Client] = {}

    def client(self, service: str, *, config: Any = None) -> Any:
        """A client; the same one however often it is asked for."""
        found = self._made.get((service, config))
        if found is None:
            made = self._aws.service(service, self.target.account, self.target.region)
            retries = getattr(config, "retries", None) or {}
            once = retries.get("total_max_attempts") == 1 or retries.get("max_attempts") == 0
            patience = getattr(config, "read_timeout", None) or 60.0
            found = Client(made, self._aws.clock, self._caller, once=once, patience=patience)
            self._made[service, config] = found
        return found
