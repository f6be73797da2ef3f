"""The pairs of DAGs that are measured, and which AWS calls are whose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["BLOCKING", "OURS", "PAIRS", "PLAIN", "REAPER", "Pair", "owner_of"]

_ROLE = ":assumed-role/unified-pipelines-cross-account/"
_ROLE_ARN = ":role/unified-pipelines-cross-account"
_TEMPLATES = Path(__file__).with_name("dags")


@dataclass(frozen=True)
class Pair:
    """Two DAGs, the first of which starts the second.

    Args:
        name: as the table shows it.
        dags: their ids, in order.
        connections: of the two sites, each with the role of the site.
        defaults: `default_args` of the plain operators; None for the example's own DAGs.
    """

    name: str
    dags: tuple[str, ...]
    connections: tuple[str, ...]
    defaults: Mapping[str, Any] | None = None

    def files(self, every: int | None) -> Mapping[str, str]:
        """The DAG files of plain operators, by name.

        Args:
            every: seconds between two looks of everything that looks; None for the provider's defaults.
        """
        if self.defaults is None:
            return {}
        looks = ("poke_interval", "waiter_delay", "job_poll_interval", "check_interval")
        defaults = {**self.defaults, **(dict.fromkeys(looks, every) if every else {})}
        found = {}
        for template in sorted(_TEMPLATES.glob("plain_*.py")):
            text = re.sub(r'(?m)^NAME = ".*"$', f'NAME = "{self.name}"', template.read_text())
            text = re.sub(r"(?m)^DEFAULTS = .*$", f"DEFAULTS = {defaults!r}", text)
            found[template.name.replace("plain", self.name, 1)] = text
        return found

    def owns(self, text: str) -> bool:
        """Whether a session's name, or a secret's, is of this pair: its DAGs or its connections are in it."""
        return any(name in text for name in (*(f"{dag}@" for dag in self.dags), *self.connections))


def _plain(name: str, defaults: Mapping[str, Any]) -> Pair:
    dags = (f"{name}_data_processing_dag", f"{name}_machine_learning_dag")
    return Pair(name, dags, (f"{name}_east1", f"{name}_west2"), defaults)


OURS = Pair(
    "ours",
    ("cross_account_data_processing_dag", "cross_account_machine_learning_dag"),
    ("aws_crossaccount_role_conn_east1", "aws_crossaccount_role_conn_west2"),
)
PLAIN = _plain("plain", {"deferrable": True, "retries": 2})
BLOCKING = _plain("blocking", {"deferrable": False, "retries": 2})
PAIRS = (OURS, PLAIN, BLOCKING)
# Uses our pair's connections, so it is measured while nothing else runs.
REAPER = Pair("reaper", ("unified-pipelines_reaper",), OURS.connections)


def owner_of(record: Mapping[str, Any]) -> str:
    """What names the owner of a call in the request log; empty for a call that no DAG made.

    The name of the assumed session, for an AssumeRole that of the session it makes, for a secret its own: a call of
    the environment itself (its DAGs folder, its logs) has none of these.
    """
    principal, operation = str(record["principal"]), record["operation"]
    if operation == "AssumeRole" and str(record["resource"]).endswith(_ROLE_ARN):
        return str(record["parameters"]["RoleSessionName"])
    if operation == "GetSecretValue":
        return str(record["resource"])
    return principal.rpartition("/")[2] if _ROLE in principal else ""
