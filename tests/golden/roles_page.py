"""The page "What each role may do and why": the example's roles, their statements and the reasons, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crosswind.prove import EXCEPTIONS, UNBOUND
from crosswind.prove.exceptions import Unbound
from crosswind.report.rights import Asked, Right, RoleRights, rights
from crosswind.report.rights_text import told
from crosswind.synth import Stack
from crosswind.topology import Names, Topology
from crosswind.topology.places import Places

__all__ = ["roles_page"]

_FILE = "../../examples/unified_pipelines/crosswind.yaml"
_HEAD = """\
# What each role may do and why

<!-- Written by `make golden` from the example; a test holds it against what the code says. -->

Nobody writes IAM by hand here. `crosswind synth` derives every statement from the pipelines that the topology
declares, and [`crosswind prove`](../explanation/prove.md) shows for each action that a named call fails without it.
This page prints both for [the example]({file}). For a topology of your own, ask:

```
crosswind synth --explain ROLE
```

How to read the tables: *may* names actions, a service's together. *On* leaves out what all ARNs share: `source/raw/*`
is that folder of the declared bucket `source`, `airflow` is the hub's own bucket, and `role/x` or `function:y` are in
an account of the topology's. *Why* says what is done, and links to the line that asks for it. What is known only later
stands as `<run>`.
"""
_GROUPS = (
    (
        "Airflow",
        "One role in the hub's account, under which MWAA runs and all tasks act. It has no right on any data of a"
        " site: to do anything there it first takes a role of that site's account.",
    ),
    (
        "At the sites",
        "The roles that Airflow takes there. The example has one for all sites of an account, as the blog post does"
        " (`roles: single`). By default there is one a site; with `roles: pipeline`, one for each pipeline at each"
        " site.",
    ),
    (
        "Jobs",
        "Each job has a role of its own, in the account of its site: only its service may take it, and it opens only"
        " the job's folders.",
    ),
    ("Replication", "S3 copies objects under a role of the source bucket's account."),
    (
        "StackSets",
        "Stacks in other Regions of an account are made by a StackSet that is administered there. One role may only"
        " take the other, and that may do only what the site templates hold.",
    ),
    (
        "Deployment",
        "The role under which `crosswind deploy`, `run`, `reap` and `destroy` act, one an account. An administrator"
        " makes it once, by `crosswind bootstrap`.",
    ),
)
_BOUNDARIES = """\
A boundary grants nothing. A role that makes roles may make them only under one: so neither a mistake nor a template
from elsewhere makes a role that may do more than pipelines need, or than deploying them does. The account ids in these
tables are those of one account; each has boundaries of its own."""


def roles_page(topology: Topology, places: Places, stacks: Sequence[Stack]) -> str:
    """The page's text.

    Args:
        topology: the example.
        places: the lines of its file.
        stacks: all of its stacks, the deployer's too.
    """
    page = _Page(topology)
    roles = rights(topology, places, stacks)
    lines = [_HEAD.format(file=_FILE), *page.overview(roles)]
    for title, words in _GROUPS:
        lines += ["", f"## {title}", words]
        for role in (each for each in roles if page.group(each) == title):
            lines += ["", *page.role(role)]
    lines += ["", *page.boundaries(roles), "", *_unbound(), "", *_exceptions()]
    return "\n".join(lines) + "\n"


class _Page:
    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._names = Names(topology)
        self._buckets = {self._names.bucket(name): name for name in topology.buckets}
        self._buckets[self._names.airflow_bucket] = "airflow"

    def group(self, role: RoleRights) -> str:
        """Under which title a role stands."""
        purpose = role.name.removeprefix(f"{self._topology.name}-")
        if purpose == "execution":
            return "Airflow"
        if purpose == "deployer":
            return "Deployment"
        if purpose.startswith("stackset-"):
            return "StackSets"
        if purpose.startswith("replication-"):
            return "Replication"
        return "Jobs" if set(role.declared) & set(self._topology.jobs) else "At the sites"

    def overview(self, roles: Sequence[RoleRights]) -> Iterator[str]:
        """One line a role."""
        accounts = {each.id: name for name, each in self._topology.accounts.items()}
        yield "| role | account | taken by | statements |"
        yield "|---|---|---|---|"
        for title, _ in _GROUPS:
            for role in (each for each in roles if self.group(each) == title):
                account = accounts[role.account]
                takers = {who for each in role.rights for who in _takers(each)}
                held = sum(1 for each in role.rights if each.kind != "trust")
                link = f"[`{role.name}`](#{_anchor(_title(role, account))})"
                yield f"| {link} | {account} | {_code(sorted(takers))} | {held} |"

    def role(self, role: RoleRights) -> Iterator[str]:
        """One role: who may take it, and the table of its statements."""
        accounts = {each.id: name for name, each in self._topology.accounts.items()}
        yield f"### {_title(role, accounts[role.account])}"
        for each in role.rights:
            if each.kind == "trust":
                yield f"- Taken by {_code(each.statement.principals)}{self._conditions(each)}: {self._why(each)}"
        if role.boundary:
            name = role.boundary[0].policy
            yield f"- Never more than its boundary lets it do, [`{name}`](#{_anchor(name)})"
        yield ""
        yield "| statement | may | on | why |"
        yield "|---|---|---|---|"
        for each in role.rights:
            if each.kind != "trust":
                yield from self._rows(each)

    def boundaries(self, roles: Sequence[RoleRights]) -> Iterator[str]:
        """Each boundary once: that of one account stands for those of its name in the others."""
        known: dict[str, tuple[Right, ...]] = {}
        for role in roles:
            if role.boundary:
                known.setdefault(role.boundary[0].policy, role.boundary)
        if known:
            yield "## Boundaries"
            yield _BOUNDARIES
        for name, statements in known.items():
            yield ""
            yield f"### {name}"
            yield ""
            yield "| statement | at most | on |"
            yield "|---|---|---|"
            for each in statements:
                refuses = "never " if each.statement.effect == "Deny" else ""
                on = _code(each.statement.resources) + self._conditions(each)
                yield f"| `{each.statement.sid}` | {refuses}{_actions(each.statement.actions)} | {on} |"

    def _rows(self, right: Right) -> Iterator[str]:
        name = f"`{right.statement.sid}`"
        on = self._on(right)
        for number, (actions, asked) in enumerate(right.alike):
            first = number == 0
            why = right.reason or self._reasons(asked)
            refuses = "never " if right.statement.effect == "Deny" else ""
            yield f"| {name if first else ''} | {refuses}{_actions(actions)} | {on if first else ''} | {why} |"

    def _on(self, right: Right) -> str:
        statement = right.statement
        spared = f"all but {_code(statement.not_resources)}" if statement.not_resources else ""
        return (spared or _code(self._short(each) for each in statement.resources)) + self._conditions(right)

    def _conditions(self, right: Right) -> str:
        written: Mapping[str, Mapping[str, Any]] = right.statement.raw.get("Condition", {})
        found = [
            f"`{key}` {_OPERATORS.get(operator, operator)} {_code(_listed(values), _JOINTS.get(operator, ' or '))}"
            for operator, keys in written.items()
            for key, values in keys.items()
        ]
        return f", where {' and '.join(found)}" if found else ""

    def _why(self, right: Right) -> str:
        return "; ".join(dict.fromkeys(self._reasons(asked, own=False) for _, asked in right.alike))

    def _reasons(self, asked: Sequence[Asked], *, own: bool = True) -> str:
        """What is done, for whom; those who ask for the same together."""
        by_words: dict[str, list[str]] = {}
        for each in asked:
            by_words.setdefault(_placeholders(told(each, own=own)), []).append(self._link(each))
        return "<br>".join(f"{words} ({', '.join(links)})" for words, links in by_words.items())

    def _link(self, asked: Asked) -> str:
        place = asked.place
        return f"[{self._asker(place.path)}]({_FILE}#L{place.line})"

    def _asker(self, path: str) -> str:
        """What of the topology asks, in words."""
        group, *rest = path.split(".")
        if group == "pipelines":
            step = re.search(r"steps\[(\d+)\]", path)
            steps = self._topology.pipelines[rest[0]].steps
            named = steps[int(step[1])] if step else None
            return f"step `{named.task or named.run or named.wait}`" if named else f"pipeline `{rest[0]}`"
        if group == "hub":
            return "hub"
        return f"{group.removesuffix('s')} `{rest[0]}`"

    def _short(self, arn: str) -> str:
        """An ARN without what all of them share."""
        if not arn.startswith("arn:"):
            return arn
        service, _, _, rest = arn.split(":", 5)[2:]
        if service == "s3":
            name, slash, key = rest.partition("/")
            return f"{self._buckets.get(name, name)}{slash}{key}"
        return rest


_OPERATORS = {
    "ArnEquals": "is",
    "ArnLike": "is like",
    "Bool": "is",
    "ForAllValues:StringEquals": "are among",
    "StringEquals": "is",
    "StringLike": "is like",
    "StringLikeIfExists": "is not given, or like",
    "StringNotEquals": "is not",
}
_JOINTS = {"ForAllValues:StringEquals": ", "}


def _title(role: RoleRights, account: str) -> str:
    return f"{role.name} in {account}"


def _anchor(title: str) -> str:
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _takers(right: Right) -> Iterator[str]:
    """Who may take a role: of an account's root, the role that the condition names."""
    for who in right.statement.principals if right.kind == "trust" else ():
        named = right.statement.raw.get("Condition", {}).get("ArnEquals", {}).get("aws:PrincipalArn", who)
        yield named.rpartition("/")[2] if ":role/" in named else named.rpartition("::")[2] or named


def _actions(actions: Sequence[str]) -> str:
    """Actions, those of a service together."""
    services: dict[str, list[str]] = {}
    for each in actions:
        service, _, name = each.rpartition(":")
        services.setdefault(service, []).append(name)
    return "<br>".join(
        ", ".join(f"`{service}:{name}`" if index == 0 else f"`{name}`" for index, name in enumerate(names))
        for service, names in services.items()
    )


def _code(texts: Iterable[str], joint: str = ", ") -> str:
    return joint.join(f"`{each}`" for each in texts)


def _listed(values: str | list[str]) -> list[str]:
    return [values] if isinstance(values, str) else values


def _placeholders(text: str) -> str:
    """Markdown takes `<run>` for a tag."""
    return re.sub(r"<([^<>]+)>", r"`<\1>`", text)


def _unbound() -> Iterator[str]:
    """The actions that stand with `Resource: *`, by reason."""
    yield "## `Resource: *`"
    yield "A statement names what it is about. These actions are the only ones that may stand with `*`, in any"
    yield "topology; most of them because AWS gives them no resource to name:"
    yield ""
    yield "| action | where | why |"
    yield "|---|---|---|"
    by_reason: dict[tuple[str, str], list[Unbound]] = {}
    for each in UNBOUND:
        by_reason.setdefault((each.sid, each.reason), []).append(each)
    for (sid, reason), some in by_reason.items():
        yield f"| {_code(each.action for each in some)} | {f'`{sid}`' if sid else 'anywhere'} | {reason} |"


def _exceptions() -> Iterator[str]:
    """The statements that no flow needs as they are."""
    yield "## Exceptions"
    yield "Statements that stand although no call needs them as they are. `crosswind prove` shows each with its reason:"
    yield ""
    yield "| statement | when | why |"
    yield "|---|---|---|"
    for each in EXCEPTIONS:
        yield f"| `{each.sid}` | {'`roles: single`' if each.only_single else 'always'} | {each.reason} |"
