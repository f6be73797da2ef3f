"""Bring a topology's stacks and files into its accounts, and out of them again.

The stages, each of which takes what the one before gives:

- `synth` (another package) gives stacks; `artifacts` reads the files to upload, `wheel` builds the running
  Crosswind's own wheel. They read the topology's folder and the installed package. No AWS here.
- `desired` turns both into the steps of a first deploy: which stack, with which parameters, after which
  steps. Outputs of other stacks and versions of uploads are references (`steps.Output`,
  `steps.ObjectVersion`). Pure.
- `observe` reads what exists. Describe and list calls alone.
- `comparison` sets the two against each other: a `Plan` of frozen steps, nothing that acts. Pure. `destroy`
  makes the plan of a removal in the same way.
- `bootstrap` plans what an administrator makes once: the role under which all of this acts, and the boundaries of all
  roles. A deploy without them is refused.
- `rows` puts a plan into a table and JSON. It reads the data that `apply` reads, so both say the same.
- `apply` runs a plan: each step once those before it are done, several at a time, events to a callback, a
  result for every step. `stacks`, `stacksets`, `objects` and `cleanup` hold what one step does. Each looks
  first at the state it finds: a run that failed or was interrupted goes on when the command is run again.
- `leftovers` looks through every declared account and Region for what still exists after a removal.
- `runs` starts and follows DAGs through `mwaa:InvokeRestApi`, `pipelines` does so for all pipelines of a
  topology; `target` says whose credentials act where.

May not: know the local world (an endpoint URL is all the difference), print, or keep state of its own: what
is deployed is what AWS says is deployed. The cost: a describe call for each stack and object in each plan.
"""

from __future__ import annotations

from pathlib import Path

from crosswind.aws import Sessions
from crosswind.deploy.apply import Applier
from crosswind.deploy.artifacts import files_of, lambda_sources
from crosswind.deploy.bootstrap import assert_bootstrapped, plan_bootstrap, plan_bootstrap_removal
from crosswind.deploy.cleanup import log_groups
from crosswind.deploy.comparison import compare, wanted
from crosswind.deploy.desired import desired
from crosswind.deploy.destroy import plan_removal, wanted_for_removal
from crosswind.deploy.events import Event, Outcome, Result
from crosswind.deploy.inventory import log_group_prefixes
from crosswind.deploy.leftovers import Leftover, sweep
from crosswind.deploy.observe import observe
from crosswind.deploy.pipelines import PipelineRun, PipelineRuns, TaskInstance
from crosswind.deploy.rows import Document, outcome_json, plan_json, show
from crosswind.deploy.runs import Airflow
from crosswind.deploy.steps import Plan, Step, Unchanged, Upload
from crosswind.deploy.target import Target, places, targets
from crosswind.deploy.waiting import Pace
from crosswind.synth import LIMITS, Limits, deployer_stacks, outlines, synth
from crosswind.topology.model import Topology
from crosswind.topology.names import Names

__all__ = [
    "Airflow",
    "Applier",
    "Document",
    "Event",
    "Leftover",
    "Outcome",
    "Pace",
    "PipelineRun",
    "PipelineRuns",
    "Plan",
    "Result",
    "Step",
    "Target",
    "TaskInstance",
    "Unchanged",
    "Upload",
    "leftovers",
    "outcome_json",
    "plan_bootstrap",
    "plan_bootstrap_removal",
    "plan_deploy",
    "plan_destroy",
    "plan_json",
    "show",
    "targets",
]


def plan_deploy(topology: Topology, root: Path, sessions: Sessions, limits: Limits = LIMITS) -> Plan:
    """What a deploy would do now. Nothing is changed.

    Args:
        topology: the topology.
        root: the folder of the topology file.
        sessions: makes the clients.
        limits: how large a template may be; the same in every plan of a topology.

    Raises:
        InputError: a declared file is missing, or a template is over a limit.
        NotBootstrappedError: an account has no permissions boundaries yet.
        WrongAccountError: credentials act in another account than declared.
        AwsError: a read failed.
    """
    stacks = synth(topology, lambda_sources(topology, root), limits)
    steps = desired(topology, stacks, files_of(topology, root))
    assert_bootstrapped(topology, stacks, sessions)
    dags = (topology.hub_account, topology.hub.region, Names(topology).airflow_bucket, "dags/")
    return compare(topology.name, steps, observe(wanted(steps, [dags]), sessions))


def plan_destroy(topology: Topology, sessions: Sessions, limits: Limits = LIMITS) -> Plan:
    """What a destroy would do now; an empty plan when nothing is there. Nothing is changed.

    Args:
        topology: the topology.
        sessions: makes the clients.
        limits: those of `plan_deploy`.

    Raises:
        WrongAccountError: credentials act in another account than declared.
        AwsError: a read failed.
    """
    stacks = outlines(topology, limits)
    logs = {
        (account, region): tuple(log_groups(sessions, account, region, log_group_prefixes(topology, account, region)))
        for account, region in places(topology)
    }
    return plan_removal(topology, stacks, observe(wanted_for_removal(topology, stacks), sessions), logs)


def leftovers(
    topology: Topology, sessions: Sessions, *, bootstrap: bool = False, limits: Limits = LIMITS
) -> tuple[Leftover, ...]:
    """What of a topology still exists in its declared accounts and Regions; empty when nothing is left.

    Args:
        topology: the topology.
        sessions: makes the clients.
        bootstrap: whether what `plan_bootstrap` makes should be gone too; it outlives a destroy.
        limits: those of `plan_deploy`.
    """
    stacks = outlines(topology, limits)
    made_once = deployer_stacks(topology, stacks, limits)
    found = sweep(topology, (*stacks, *made_once) if bootstrap else stacks, sessions)
    kept = set() if bootstrap else {stack.name for stack in made_once}
    return tuple(each for each in found if each.name not in kept)
