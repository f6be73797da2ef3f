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
   `network`, `endpoints`, `job_roles`, `roles`) adds resources to a `Template`, which refuses dangling references.
4. `stacks` and `site_stacks` put the families together, and `parts` divides what is too large for one template; `synth`
   gives all stacks in an order in which they can be deployed.
5. `deployer` gives the stacks of the role that deploys all of it, with the `boundaries` of all roles; an administrator
   launches them once. Its rights
   (`deployer_statements`, `deployer_storage`, `deployer_network`, `deployer_airflow`) hold what CloudFormation does
   with them for each resource type (`provider_statements`, `provider_messages`, `provider_roles`); `holdings` tells
   what the templates hold.
6. `owners` tells what must be added to resources that are there already, of which no template holds anything.
7. `files` renders the JSON beside the DAGs, `configs` the requests of SageMaker's jobs.

May not: read files, know AWS clients, depend on the order of declaration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crosswind.synth.actors import Actor, actors
from crosswind.synth.configs import sagemaker_config
from crosswind.synth.deployer import deployer_of
from crosswind.synth.files import names_file
from crosswind.synth.grants import Grant, Grants, grants, job_prefixes
from crosswind.synth.layout import Layout
from crosswind.synth.owners import OwnerDocument, owner_documents
from crosswind.synth.parts import LIMITS, Limits
from crosswind.synth.site_stacks import site_stacks
from crosswind.synth.stack import Need, Stack, compact, pretty
from crosswind.synth.stacks import airflow_stacks, network_stack, stacksets_stack
from crosswind.topology.model import LambdaJob, Topology

__all__ = [
    "Actor",
    "Grant",
    "Grants",
    "LIMITS",
    "Limits",
    "Need",
    "OwnerDocument",
    "Stack",
    "actors",
    "compact",
    "deployer_stacks",
    "every_stack",
    "grants",
    "inline_sources",
    "names_file",
    "outlines",
    "owner_documents",
    "pretty",
    "sagemaker_config",
    "synth",
    "job_prefixes",
]


def inline_sources(topology: Topology) -> tuple[str, ...]:
    """The declared paths of the files whose text `synth` needs, sorted; relative to the topology file."""
    return tuple(sorted({job.source for job in topology.jobs.values() if isinstance(job, LambdaJob)}))


def synth(topology: Topology, sources: Mapping[str, str], limits: Limits = LIMITS) -> tuple[Stack, ...]:
    """Every stack of a topology, in an order in which they can be deployed (late needs aside).

    Args:
        topology: a topology without faults (`crosswind.topology.check`).
        sources: the text of each file of `inline_sources`, by its declared path.
        limits: how large a template may be; what would be larger becomes several stacks.

    Raises:
        InputError: when a role's policy is over a limit of IAM, or a Region lacks what a job needs.
        KeyError: when a source is missing.
    """
    return _stacks(Layout(topology), sources, limits)


def every_stack(topology: Topology, sources: Mapping[str, str], limits: Limits = LIMITS) -> tuple[Stack, ...]:
    """What `synth` gives, and after it what `deployer_stacks` does."""
    layout = Layout(topology)
    stacks = _stacks(layout, sources, limits)
    return (*stacks, *_deployers(layout, stacks, limits))


def _stacks(layout: Layout, sources: Mapping[str, str], limits: Limits) -> tuple[Stack, ...]:
    home, far = (
        [
            stack
            for account in layout.work_accounts
            for site in sites(account)
            for stack in site_stacks(layout, sources, site, limits)
        ]
        for sites in (layout.home_sites, layout.far_sites)
    )
    sets = [stacksets_stack(layout, account, far) for account in layout.work_accounts if layout.far_sites(account)]
    return (*sets, *home, *far, network_stack(layout), *airflow_stacks(layout, (*home, *far), limits))


def outlines(topology: Topology, limits: Limits = LIMITS) -> tuple[Stack, ...]:
    """Every stack as `synth` gives it, but for the code of functions: their names and rights need no files.

    Args:
        topology: a topology without faults (`crosswind.topology.check`).
        limits: as `synth` has them.
    """
    return synth(topology, dict.fromkeys(inline_sources(topology), "def handler(event, context):\n    pass\n"), limits)


def deployer_stacks(topology: Topology, stacks: Sequence[Stack] = (), limits: Limits = LIMITS) -> tuple[Stack, ...]:
    """The deployer's role and the boundaries in each account in use, launched once by an administrator.

    Args:
        topology: a topology without faults (`crosswind.topology.check`).
        stacks: of the topology, as `synth` or `outlines` gives them; made here when left out.
        limits: as `synth` has them.

    Returns:
        Stacks `<topology>-deployer-<account>` by the accounts' declared names, sorted; each has no parameters, and the
        outputs `DeployerRoleArn`, `BoundaryArn` and `DeployerBoundaryArn`. The role is `<topology>-deployer`. Before
        one that would be too large comes `<topology>-rights-<account>` with some of its policies.

    Raises:
        InputError: when an account's rights are more than IAM lets one role have.
    """
    return _deployers(Layout(topology), stacks or outlines(topology), limits)


def _deployers(layout: Layout, stacks: Sequence[Stack], limits: Limits) -> tuple[Stack, ...]:
    return tuple(stack for account in layout.accounts for stack in deployer_of(layout, account, stacks, limits))
