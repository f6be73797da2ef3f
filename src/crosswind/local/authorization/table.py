"""What a service's table says, and the needs that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from crosswind.local.authorization.asking import Ask, Context, account_in, tags_in
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.templates import Template

__all__ = ["GivenRow", "Keys", "Pass", "Resolve", "Row", "Table", "pass_role", "role_arn"]

Row = Callable[[Ask], Iterable[Need]]
"""The needs of one operation."""

Keys = Callable[[Ask], Context]
"""Condition keys of a service's own."""

Resolve = Callable[[Ask, str, bool], str]
"""The ARN that AWS asks about, from the one that the call's words make; true when the call makes the resource."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Roles that an operation hands to a service, each of which needs `iam:PassRole`.

    Args:
        path: the members that hold the role's ARN or name.
        service: the value of `iam:PassedToService`.
    """

    path: str
    service: str


@dataclass(frozen=True)
class Table:
    """A service's exceptions from the rule that operation, action and resource go by the same names.

    Args:
        prefix: IAM's prefix, such as `airflow` for mwaa.
        names: where the variables of the resource types' ARNs come from: `type.Variable` or `Variable` to the
            path of a member (`A|B`: A, else B; `*`: always `*`).
        resources: operation to the patterns of its resources (`templates`), in place of IAM's own list. `*` for an
            operation without a resource.
        actions: operation to the actions' names, parted by blanks, where they are not the operation's own.
        passed_to: the service principal that gets the roles; empty when no operation may pass one unless `passes`
            says which.
        passes: operation to the passed roles' members, in place of those that the model's names suggest. Empty:
            names a role but passes none.
        tagging: the action that tags in a request need beside the operation's own; empty for none.
        tagging_of: operation to that action, where it is another one.
        tagged: operation to the pattern of what it tags, where the operation itself is asked on `*`.
        tag_keys: the prefixes of the `ResourceTag` condition keys.
        keys: operation, or `*` for all, to further condition keys.
        rows: operation to code that gives its needs.
        free: operations that need no right.
        refused: operations of which not all rights are known, although the rule would name some.
        ruled: false when only operations with a row are known.
        owner: a member that may name the account which owns the resources, such as glue's `CatalogId`.
        resolve: gives the resource its whole ARN: paths of roles, suffixes of secrets, ids of stacks.
        tags: reads the tags of a request, where the service has a form of its own.
        tagging_keys: further condition keys of the need for tagging.
    """

    prefix: str
    names: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
    actions: Mapping[str, str] = field(default_factory=dict)
    passed_to: str = ""
    passes: Mapping[str, Sequence[Pass]] = field(default_factory=dict)
    tagging: str = ""
    tagging_of: Mapping[str, str] = field(default_factory=dict)
    tagged: Mapping[str, str] = field(default_factory=dict)
    tag_keys: Sequence[str] = ("aws",)
    keys: Mapping[str, Keys] = field(default_factory=dict)
    rows: Mapping[str, Row] = field(default_factory=dict)
    free: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    ruled: bool = True
    owner: str = ""
    resolve: Resolve | None = None
    tags: Keys | None = None
    tagging_keys: Keys | None = None


class _Resource(NamedTuple):
    """One resource of a call, the condition keys of the tags that it has, and whether the call makes it."""

    arn: str
    tags: Context
    made: bool


@dataclass(frozen=True, slots=True)
class GivenRow:
    """A row that data gives.

    Args:
        table: of the service.
        operation: which.
        actions: with their prefix.
        targets: the resources; empty for `*`.
        passes: roles handed over.
        tagging: the action that tags need too, with its prefix; empty for none.
        tagged: what is tagged, when it is not among the targets.
    """

    table: Table
    operation: str
    actions: Sequence[str]
    targets: Sequence[Template]
    passes: Sequence[Pass] = ()
    tagging: str = ""
    tagged: Sequence[Template] = ()

    def __call__(self, ask: Ask) -> tuple[Need, ...]:
        """The needs of a call."""
        table = self.table
        owner = ask.text(table.owner) if table.owner else ""
        if len(owner) == 12 and owner.isdigit():
            ask.account = owner
        tags = table.tags(ask) if table.tags else tags_in(ask.parameters)
        context: Context = {}
        for name in ("*", self.operation):
            if name in table.keys:
                context |= table.keys[name](ask)
        resources = self._resources(ask)
        # Of several resources, the tags are those of what the call makes.
        makes = any(one.made for one in resources)
        needs: list[Need] = []
        tagged: list[tuple[str, Context]] = []
        for one in resources:
            own = context | one.tags | (tags if one.made or not makes else {})
            needs += [Need(action, one.arn, account_in(one.arn, ask.account), own) for action in self.actions]
            if (one.made or not makes) and not self.tagged:
                tagged.append((one.arn, own))
        tagged += [(arn, {**context, **tags}) for target in self.tagged for arn in target.arns(ask)]
        if self.tagging and any(key.startswith("aws:RequestTag/") for key in tags):
            more = table.tagging_keys(ask) if table.tagging_keys else {}
            needs += [Need(self.tagging, arn, account_in(arn, ask.account), own | more) for arn, own in tagged]
        first = resources[0].arn
        for passed in self.passes:
            needs += pass_role(ask, passed, first if first != "*" else "")
        return tuple(needs)

    def _resources(self, ask: Ask) -> list[_Resource]:
        table, found = self.table, {}
        for target in self.targets:
            for arn in target.arns(ask):
                whole = table.resolve(ask, arn, target.made) if table.resolve else arn
                if whole not in found:
                    tags = {} if target.made else ask.tagged(whole, table.tag_keys)
                    found[whole] = _Resource(whole, tags, target.made)
        return list(found.values()) or [_Resource("*", {}, False)]


def pass_role(ask: Ask, one: Pass, associated: str = "") -> list[Need]:
    """`iam:PassRole` for each role that a call hands over.

    The role's own account owns the need, so that a role of another account is refused: nothing there can allow it
    (docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html).

    Args:
        ask: the call.
        one: which members, to whom.
        associated: the ARN of the resource that gets the role, where known (`iam:AssociatedResourceArn`).
    """
    context: Context = {"iam:PassedToService": one.service}
    if associated:
        context["iam:AssociatedResourceArn"] = associated
    needs = []
    for value in dict.fromkeys(ask.values(one.path)):
        arn = role_arn(ask, value)
        needs.append(Need("iam:PassRole", arn, account_in(arn, ask.account), context))
    return needs


def role_arn(ask: Ask, value: str) -> str:
    """The ARN of a role that is given by ARN or name."""
    if value.startswith("arn:"):
        return value
    found = ask.facts.iam_arn(ask.account, "role", value.rpartition("/")[2])
    return found or ask.arn("iam", f"role/{value.lstrip('/')}", region=False)
