"""All rights that a call needs."""

from __future__ import annotations

import importlib

from crosswind.local.authorization import tables
from crosswind.local.authorization.ambiguity import refuse_ambiguous
from crosswind.local.authorization.asking import Ask, unknown
from crosswind.local.authorization.elsewhere import refuse_elsewhere
from crosswind.local.authorization.facts import Facts
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.reference import Reference
from crosswind.local.authorization.table import Row, Table
from crosswind.local.authorization.tables import MODULES
from crosswind.local.edge.call import Call, ServiceError

__all__ = ["Needs"]


class Needs:
    """Names, for each call, every (action, resource, owner, condition keys) that AWS IAM checks.

    The action is the service's prefix and the operation's name, the resource is built from the ARN patterns of AWS's
    service authorization reference; where AWS differs, the service's table says how. What a call needs is looked
    up once an operation and kept.

    Args:
        facts: the world's state.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._reference = Reference()
        self._tables: dict[str, Table | None] = {}
        self._rows: dict[tuple[str, str], Row | None] = {}

    def of(self, call: Call) -> tuple[Need, ...]:
        """The needs of a call, that of the resource whose state it works on first; empty when it needs no right.

        Raises:
            ServiceError: `NotImplemented` (501) for a call that the tables do not know; AWS's own error for
                parameters without which there is no resource to ask about.
        """
        row = self._row(call.service, call.operation)
        if row is None:
            raise unknown(call)
        refuse_ambiguous(call)
        needs = tuple(row(Ask(call, self._facts)))
        refuse_elsewhere(call, needs)
        return needs

    def knows(self, service: str, operation: str) -> bool:
        """Whether the needs of an operation are known."""
        return self._row(service, operation) is not None

    def _row(self, service: str, operation: str) -> Row | None:
        key = (service, operation)
        if key not in self._rows:
            self._rows[key] = self._found(service, operation)
        return self._rows[key]

    def _found(self, service: str, operation: str) -> Row | None:
        table = self._table(service)
        if table is None:
            return None
        if operation in table.rows:
            return table.rows[operation]
        if operation in table.free:
            return _nothing
        if not table.ruled or operation in table.refused:
            return None
        try:
            return self._reference.row(service, operation, table)
        except ServiceError:
            return None  # an implied action, which no table has

    def _table(self, service: str) -> Table | None:
        if service not in self._tables:
            module = MODULES.get(service)
            path = f"{tables.__name__}.{module}"
            self._tables[service] = importlib.import_module(path).TABLE if module else None
        return self._tables[service]


def _nothing(_: Ask) -> tuple[Need, ...]:
    return ()
