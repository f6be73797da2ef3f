"""An authorizer for tests that are about something else."""

from __future__ import annotations

from crosswind.local.edge.call import Call, Ruling


class AllowAll:
    def authorize(self, call: Call) -> Ruling | None:
        return None
