"""Where Airflow runs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from crosswind.topology.model.part import FileName, Name, Part, RegionName

__all__ = ["Airflow", "Hub", "Network"]

# docs.aws.amazon.com/mwaa/latest/API/API_CreateEnvironment.html
EnvironmentClass = Literal["mw1.micro", "mw1.small", "mw1.medium", "mw1.large", "mw1.xlarge", "mw1.2xlarge"]
AirflowVersion = Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
VpcId = Annotated[str, StringConstraints(pattern=r"^vpc-[0-9a-f]{8,17}$")]
SubnetId = Annotated[str, StringConstraints(pattern=r"^subnet-[0-9a-f]{8,17}$")]
GroupId = Annotated[str, StringConstraints(pattern=r"^sg-[0-9a-f]{8,17}$")]
OptionName = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z0-9_]+$")]


class Airflow(Part):
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


class Network(Part):
    """The hub's network: two private subnets in two Availability Zones, and a way out of them.

    Attributes:
        kind: `nat`: a VPC with two public subnets too, and NAT; `endpoints`: a VPC without a way to the internet, with
            endpoints of AWS's services (PrivateLink); `existing`: a VPC that is there already, whatever leads out.
        cidr: the range of IPv4 addresses of a VPC that is made, /16 to /26.
        vpc: of `existing`: the VPC's id.
        subnets: of `existing`: the ids of two private subnets, in two Availability Zones.
        security_groups: of `existing`: the ids of one to five security groups.
    """

    kind: Literal["nat", "endpoints", "existing"] = "nat"
    cidr: str = "10.192.0.0/16"
    vpc: VpcId | None = None
    subnets: tuple[SubnetId, ...] = ()
    security_groups: tuple[GroupId, ...] = ()

    @property
    def is_made(self) -> bool:
        """Whether the hub's stack makes it."""
        return self.kind != "existing"


class Hub(Part):
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
