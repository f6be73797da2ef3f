"""Where Airflow runs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from crosswind.topology.model.part import FileName, Name, Part, RegionName

__all__ = ["Airflow", "Hub", "Network"]

EnvironmentClass = Annotated[str, StringConstraints(pattern=r"^mw1\.[a-z0-9]+$")]
AirflowVersion = Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
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
    """The hub's VPC: two public and two private subnets in two Availability Zones, and NAT.

    Attributes:
        cidr: its range of IPv4 addresses, /16 to /26.
    """

    cidr: str = "10.192.0.0/16"


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
