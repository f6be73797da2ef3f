"""Synthesis: a checked topology into CloudFormation templates. Pure, deterministic, sorted.

Stages:

1. `grants` takes the topology and gives intents: who reads, writes, deletes or starts what, and which line
   asks for it; `actors`, under which roles Airflow takes its own.
2. The `*_statements` files turn grants into IAM statements. Each statement stands once; a function is a role:
   `site_statements`, `actor_statements`, `hub_statements`, `stackset_statements`; or a noun: `object_statements`,
   `handover_statements`, `sagemaker_statements`, `bucket_statements`, `key_statements`, and `guest_statements` for
   roles of other accounts in a bucket.
   `packing` divides them into as many policies as IAM's limits ask for.
3. One file a resource family (`buckets`, `queues`, `keys`, `glue`, `sagemaker`, `lambda_`, `connections`, `mwaa`,
   `network`, `roles`) adds resources to a `Template`, which refuses dangling references.
4. `stacks` puts the families together; `synth` gives all stacks in an order in which they can be deployed.
5. `deployer` gives the stacks of the role that deploys all of it; an administrator launches them once. Its rights
   (`deployer_statements`, `deployer_storage`, `deployer_network`, `deployer_airflow`) hold what CloudFormation does
   with them for each resource type (`provider_statements`, `provider_messages`).
6. `files` renders the JSON beside the DAGs, `configs` the requests of SageMaker's jobs.

May not: read files, know AWS clients, depend on the order of declaration.
"""

from __future__ import annotations

from collections.abc import Mapping

from crosswind.synth.actors import Actor, actors
from crosswind.synth.configs import sagemaker_config
from crosswind.synth.deployer import deployer_stack
from crosswind.synth.files import names_file
from crosswind.synth.grants import Grant, Grants, grants, job_prefixes
from crosswind.synth.layout import Layout
from crosswind.synth.stack import Need, Stack, compact, pretty
from crosswind.synth.stacks import airflow_stack, network_stack, site_stack, stacksets_stack
from crosswind.topology.model import LambdaJob, Topology

__all__ = [
    "Actor",
    "Grant",
    "Grants",
    "Need",
    "Stack",
    "actors",
    "compact",
    "deployer_stacks",
    "grants",
    "inline_sources",
    "names_file",
    "pretty",
    "sagemaker_config",
    "synth",
    "job_prefixes",
]


def inline_sources(topology: Topology) -> tuple[str, ...]:
    """The declared paths of the files whose text `synth` needs, sorted; relative to the topology file."""
    return tuple(sorted({job.source for job in topology.jobs.values() if isinstance(job, LambdaJob)}))


def synth(topology: Topology, sources: Mapping[str, str]) -> tuple[Stack, ...]:
    """Every stack of a topology, in an order in which they can be deployed (late needs aside).

    Args:
        topology: a topology without faults (`crosswind.topology.check`).
        sources: the text of each file of `inline_sources`, by its declared path.

    Raises:
        InputError: when a role's policy is over a limit of IAM, or a Region lacks what a job needs.
        KeyError: when a source is missing.
    """
    layout = Layout(topology)
    found = layout.found
    stacks: list[Stack] = []
    for account in layout.work_accounts:
        if layout.far_sites(account):
            stacks.append(stacksets_stack(layout, account))
    for sites in (layout.home_sites, layout.far_sites):
        for account in layout.work_accounts:
            stacks += [site_stack(layout, found, sources, site) for site in sites(account)]
    return (*stacks, network_stack(layout), airflow_stack(layout))


def deployer_stacks(topology: Topology) -> tuple[Stack, ...]:
    """The deployer's role in each account in use, one stack an account; launched once by an administrator.

    Args:
        topology: a topology without faults (`crosswind.topology.check`).

    Returns:
        Stacks `<topology>-deployer-<account>` by the accounts' declared names, sorted; each has no parameters, and the
        output `DeployerRoleArn`. The role is `<topology>-deployer`.

    Raises:
        InputError: when an account's rights are more than IAM lets one role have.
    """
    layout = Layout(topology)
    return tuple(deployer_stack(layout, account) for account in layout.accounts)
