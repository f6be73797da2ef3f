"""Authorization, put together: one object for each world, so that every world is guarded alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from crosswind.local.authorization.authorizer import Authorizer
from crosswind.local.authorization.bindings import Bindings, KnownPrincipals
from crosswind.local.authorization.boundaries import KeepsBoundaries, UserBoundaries
from crosswind.local.authorization.callers import Callers
from crosswind.local.authorization.decisions import DecisionLog
from crosswind.local.authorization.deliveries import refuse_deliveries
from crosswind.local.authorization.key_states import KeyState
from crosswind.local.authorization.malformed import refuse_malformed
from crosswind.local.authorization.needs import Needs
from crosswind.local.authorization.organization import Organization
from crosswind.local.authorization.policies import PolicyState, PolicyStore
from crosswind.local.authorization.public_policies import BlocksPublicPolicies, PublicPolicies
from crosswind.local.authorization.trust import TrustedIssuer, check_function_role
from crosswind.local.authorization.world_facts import KeptFacts, Stacks, WorldFacts
from crosswind.local.edge.edge import Edge
from crosswind.local.identity import Identities

__all__ = ["Enforcement", "State"]


class State(PolicyState, KeptFacts, KnownPrincipals, KeepsBoundaries, KeyState, BlocksPublicPolicies, Protocol):
    """All that authorization reads of the state behind the edge."""


class Enforcement:
    """The authorizer and all that stands with it.

    Hand `authorizer` to the edge, then `attach`; services that act under roles take their sessions from `issuer`.

    Args:
        state: moto's.
        identities: who acts.
        stacks: gives CloudFormation, once it is built.
        log: keeps the decisions.
    """

    def __init__(self, state: State, identities: Identities, stacks: Callable[[], Stacks], log: DecisionLog) -> None:
        self._state = state
        self._bindings = Bindings(state)
        self.log = log
        self.authorizer = Authorizer(
            Callers(identities),
            Needs(WorldFacts(state, identities.session, stacks)),
            PolicyStore(state, self._bindings),
            Organization(state),
            log,
            keys=state,
        )
        self.issuer = TrustedIssuer(identities, self.authorizer)

    def attach(self, edge: Edge) -> None:
        """Put the guards of stored policies before an edge's calls, and the decision log among its paths."""
        edge.add(UserBoundaries(self._state))
        edge.add_guard(refuse_deliveries)
        edge.add_guard(refuse_malformed)
        edge.add_guard(PublicPolicies(self._state).guard)
        edge.add_guard(self._bindings.guard)
        edge.add_guard(check_function_role(self.issuer))
        edge.add_hook(self._bindings.after_call)
        for prefix, route in self.log.routes.items():
            edge.mount(prefix, route)

    def stop(self) -> None:
        """Close the decision log's file."""
        self.log.close()
