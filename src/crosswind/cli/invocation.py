"""What a verb was called with: which topology, where it acts, how it prints; and what it opens from that."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crosswind import deploy as engine
from crosswind.aws import Sessions
from crosswind.cli import wire
from crosswind.cli.console import Console
from crosswind.cli.options import Output, again
from crosswind.errors import UsageError
from crosswind.topology import Topology

__all__ = ["Invocation", "show_targets"]


class Invocation:
    """One call of a verb that acts in the accounts of a topology.

    Args:
        file: the topology file.
        local: whether it acts on the local world of the state folder.
        endpoint_url: another endpoint; empty for AWS.
        state: the state folder.
        output: how it prints.

    Raises:
        CrosswindError: the topology file cannot be read, or has a fault.
    """

    def __init__(self, file: Path, local: bool, endpoint_url: str, state: Path, output: Output) -> None:
        self.console = Console(as_json=output is Output.json)
        self.topology, self.root = wire.topology(file)
        self._file = file
        self._local = local
        self._endpoint_url = endpoint_url
        self._state = state

    @property
    def again(self) -> str:
        """The options that send the next verb where this one went."""
        return again(self._file, self._local, self._endpoint_url, self._state)

    def require_answer(self, asks: str, *, given: bool) -> None:
        """Raise UsageError when a question would be asked of a program.

        Args:
            asks: which verb asks, and before what.
            given: whether the command line holds the answer.
        """
        if self.console.as_json and not given:
            raise UsageError(asks, hint="add --yes to --output json")

    def deployer(self) -> Sessions:
        """Sessions of who deploys; shows who will act, where."""
        sessions = wire.target_sessions(self.topology, self._local, self._endpoint_url, self._state)
        show_targets(self.console, self.topology, sessions)
        return sessions

    def administrator(self, profiles: Mapping[str, str] | None = None) -> Sessions:
        """Sessions of who made the accounts.

        Args:
            profiles: other profiles than the declared ones, by account id.
        """
        return wire.administrator_sessions(self.topology, self._local, self._endpoint_url, self._state, profiles)


def show_targets(console: Console, topology: Topology, sessions: Sessions) -> None:
    """Show who will act, where, before anything changes."""
    rows = [
        (target.name, target.account, ", ".join(target.regions), target.caller)
        for target in engine.targets(topology, sessions)
    ]
    console.table(f"endpoint {sessions.endpoint or 'AWS'}", ("account", "id", "regions", "acting as"), rows)
