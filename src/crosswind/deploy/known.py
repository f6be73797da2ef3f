"""What the steps of a running plan have given so far, for the references of those that follow."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import assert_never

from crosswind.deploy.steps import Later, ObjectVersion, Output, Parameters
from crosswind.errors import DeployError

__all__ = ["Known"]


class Known:
    """Outputs of stacks and versions of objects. Safe to use from several threads.

    `outputs` are by stack or StackSet name, `versions` by step id.
    """

    def __init__(self) -> None:
        self.outputs: dict[str, Mapping[str, str]] = {}
        self.versions: dict[str, str] = {}
        self._lock = threading.Lock()

    def keep_outputs(self, name: str, outputs: Mapping[str, str]) -> None:
        """Keep the outputs of a stack or StackSet, in place of those that it gave before."""
        with self._lock:
            self.outputs[name] = dict(outputs)

    def keep_version(self, step: str, version: str) -> None:
        """Keep the version id that a step's object has."""
        with self._lock:
            self.versions[step] = version

    def resolve(self, parameters: Parameters) -> dict[str, str]:
        """Parameters as text, their references looked up.

        Raises:
            DeployError: a reference was not given; says what was.
        """
        found = {}
        with self._lock:
            for name, value in parameters:
                match value:
                    case str():
                        found[name] = value
                    case Output():
                        found[name] = _look_up(self.outputs.get(value.stack, {}), value.key, name, str(value))
                    case ObjectVersion():
                        found[name] = _look_up(self.versions, value.step, name, str(value))
                    case Later():
                        raise DeployError(f"the parameter {name} was left open by the plan")
                    case _:
                        assert_never(value)
        return found


def _look_up(found: Mapping[str, str], key: str, parameter: str, reference: str) -> str:
    if key not in found:
        raise DeployError(
            f"the parameter {parameter} takes {reference}, which was not given."
            f" Given: {', '.join(sorted(found)) or 'nothing'}"
        )
    return found[key]
