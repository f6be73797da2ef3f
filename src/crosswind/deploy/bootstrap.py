"""What must exist before the first deploy: the deployer's role and the boundaries in every account.

An administrator makes them once. A deploy acts under that role alone. The administrator's credentials, which may do
everything, are needed for nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from crosswind.aws import Sessions
from crosswind.deploy.comparison import compare, wanted
from crosswind.deploy.desired import desired
from crosswind.deploy.observe import Wanted, observe, read_stack
from crosswind.deploy.steps import DeleteStack, Plan
from crosswind.errors import NotBootstrappedError
from crosswind.synth import LIMITS, Limits, Stack, deployer_stacks, outlines
from crosswind.topology.model import Topology

__all__ = ["assert_bootstrapped", "plan_bootstrap", "plan_bootstrap_removal"]


def plan_bootstrap(topology: Topology, administrator: Sessions, limits: Limits = LIMITS) -> Plan:
    """What a bootstrap would do now; nothing is changed.

    Args:
        topology: the topology.
        administrator: sessions that may make roles in every declared account.
        limits: those of `plan_deploy`.

    Raises:
        WrongAccountError: credentials act in another account than declared.
        AwsError: a read failed.
    """
    steps = desired(topology, deployer_stacks(topology, outlines(topology, limits), limits), ())
    return compare(topology.name, steps, observe(wanted(steps), administrator))


def assert_bootstrapped(topology: Topology, stacks: Sequence[Stack], sessions: Sessions) -> None:
    """Stop when an account lacks the boundaries that the roles of the templates name.

    Args:
        topology: the topology.
        stacks: all that would be deployed.
        sessions: of who deploys.

    Raises:
        NotBootstrappedError: names the accounts and the next command.
        AwsError: a read failed.
    """
    made = deployer_stacks(topology, stacks)
    found = [read_stack(sessions, each.account, each.region, each.name) for each in made]
    lacking = [
        f"{each.site} ({each.account})"
        for each, stack in zip(made, found, strict=True)
        if stack is None or set(each.outputs) - set(stack.outputs)
    ]
    if lacking:
        raise NotBootstrappedError(
            f"no permissions boundaries of {topology.name} in {', '.join(lacking)}: every role that a deployment makes"
            " carries one",
            hint="first, as an administrator of these accounts: crosswind bootstrap",
        )


def plan_bootstrap_removal(topology: Topology, administrator: Sessions, limits: Limits = LIMITS) -> Plan:
    """What would be removed of a bootstrap now; an empty plan when nothing is there."""
    made = deployer_stacks(topology, outlines(topology, limits), limits)
    places = {(stack.account, stack.region, stack.name) for stack in made}
    found = observe(Wanted(stacks=frozenset(places)), administrator).stacks
    return Plan(
        topology.name,
        "destroy",
        tuple(
            DeleteStack(
                id=f"delete/{stack.name}",
                account=stack.account,
                region=stack.region,
                after=tuple(f"delete/{each.name}" for each in made if stack.name in {n.stack for n in each.needs}),
                stack=stack.name,
            )
            for stack in reversed(made)
            if (stack.account, stack.region, stack.name) in found
        ),
    )
