"""What must exist before the first deploy: the deployer's role in every account, made once by an administrator.

A deploy acts under that role alone. The administrator's credentials, which may do everything, are needed for
nothing else.
"""

from __future__ import annotations

from crosswind.aws import Sessions
from crosswind.deploy.comparison import compare, wanted
from crosswind.deploy.desired import desired
from crosswind.deploy.observe import Wanted, observe
from crosswind.deploy.steps import DeleteStack, Plan
from crosswind.synth import deployer_stacks
from crosswind.topology.model import Topology

__all__ = ["plan_bootstrap", "plan_bootstrap_removal"]


def plan_bootstrap(topology: Topology, administrator: Sessions) -> Plan:
    """What a bootstrap would do now; nothing is changed.

    Args:
        topology: the topology.
        administrator: sessions that may make roles in every declared account.

    Raises:
        WrongAccountError: credentials act in another account than declared.
        AwsError: a read failed.
    """
    steps = desired(topology, deployer_stacks(topology), ())
    return compare(topology.name, steps, observe(wanted(steps), administrator))


def plan_bootstrap_removal(topology: Topology, administrator: Sessions) -> Plan:
    """What would be removed of a bootstrap now; an empty plan when nothing is there."""
    places = {(stack.account, stack.region, stack.name) for stack in deployer_stacks(topology)}
    found = observe(Wanted(stacks=frozenset(places)), administrator).stacks
    return Plan(
        topology.name,
        "destroy",
        tuple(
            DeleteStack(id=f"delete/{name}", account=account, region=region, stack=name)
            for account, region, name in sorted(found)
        ),
    )
