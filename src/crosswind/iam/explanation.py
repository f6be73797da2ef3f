"""What an explanation holds, as values, as JSON, and as text for people. Made by `explain`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Document", "Explanation", "LayerLine", "Mark", "Mismatch", "NearMiss", "text"]

_WIDE = 120
_INDENT = " " * 9


class Mark(StrEnum):
    """One word a layer."""

    OK = "ok"
    MISS = "MISS"
    DENY = "DENY"
    NONE = "-"  # no such document, or it has no say


class Mismatch(StrEnum):
    """In what the request and the nearest statement differ."""

    ACTION = "action"
    SERVICE = "service"
    ACCOUNT = "account"
    REGION = "region"
    PARTITION = "partition"
    RESOURCE_ID = "resource id"
    PRINCIPAL = "principal"
    PRINCIPAL_ID = "principal id"  # the same name, deleted and created again
    KEY_ABSENT = "condition key absent"
    KEY_DIFFERS = "condition key differs"


@dataclass(frozen=True, slots=True)
class Document:
    """Where a statement stands, or would have to stand.

    Args:
        kind: of the holder: `role`, `user`, `bucket`, `key`, `secret`, `resource`, `session`, `organization`, ...
        name: of the holder: a role's or bucket's name, a resource's ARN, an organization's level.
        layer: the kind of document, in AWS's words.
        account: who edits it.
        policy: the policy's name; empty when there is none, or for the one policy of a resource.
        statement: the statement's index from 0; None when no statement is meant.
        sid: its Sid; empty without one.
    """

    kind: str
    name: str
    layer: str
    account: str
    policy: str = ""
    statement: int | None = None
    sid: str = ""


@dataclass(frozen=True, slots=True)
class NearMiss:
    """The statement that came closest to allowing the request, and what it lacked first.

    Args:
        document: where it stands.
        matched: the elements that hold, such as `("Principal", "Action")`.
        element: the first one that does not: `Principal`, `Action`, `Resource`, `Condition` or `NotAction`...
        operator: of a condition, as written.
        key: of a condition, as written.
        expected: what the statement wants, nearest first, variables resolved.
        actual: what the request has; None when it carries no such condition key.
        mismatch: in one word of `Mismatch`.
    """

    document: Document
    matched: tuple[str, ...]
    element: str
    expected: tuple[str, ...]
    actual: tuple[str, ...] | None
    mismatch: Mismatch
    operator: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class LayerLine:
    """One layer in one account.

    Args:
        layer: the kind of document, in AWS's words.
        side: `caller` or `owner` (of the resource).
        account: whose.
        mark: ok, MISS, DENY or -.
        verdict: ALLOW, EXPLICIT_DENY, IMPLICIT_DENY or NOT_APPLICABLE.
        says: which statement decides, or what is missing.
        document: where to look; None where there is none.
        near_miss: of a MISS, when a statement is near.
    """

    layer: str
    side: str
    account: str
    mark: Mark
    verdict: str
    says: str
    document: Document | None = None
    near_miss: NearMiss | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a request is allowed or denied.

    Args:
        effect: Allow, ExplicitDeny or ImplicitDeny.
        action, resource, resource_account, principal, principal_account: the request.
        sentence: AWS's own, word for word; empty for an Allow.
        aws_policy_type: the policy type that AWS's sentence names; None for an Allow.
        why: the rule that decided, in one line.
        layers: in the order of AWS's evaluation.
        near_miss: of the layer that decided; None when no statement is near, or for an explicit deny.
        owner: the account that owns the first document to edit; empty for an Allow.
        documents: those to edit, the deciding one first.
        fixes: one line a document.
        note: what AWS's wording would mislead about; empty otherwise.
    """

    effect: str
    action: str
    resource: str
    resource_account: str
    principal: str
    principal_account: str
    sentence: str
    aws_policy_type: str | None
    why: str
    layers: tuple[LayerLine, ...]
    near_miss: NearMiss | None = None
    owner: str = ""
    documents: tuple[Document, ...] = ()
    fixes: tuple[str, ...] = ()
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as JSON takes it."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Explanation:
        """An explanation from `as_dict`, also after a journey through JSON.

        Raises:
            KeyError, TypeError, ValueError: the data is not of that form.
        """
        layers = tuple(_layer(each) for each in data["layers"])
        return cls(
            **{
                **data,
                "layers": layers,
                "near_miss": _near_miss(data["near_miss"]),
                "documents": tuple(Document(**each) for each in data["documents"]),
                "fixes": tuple(data["fixes"]),
            }
        )


def text(explanation: Explanation, origins: Sequence[str] = ()) -> str:
    """An explanation as lines of text, without colour, ending without a newline.

    Args:
        explanation: to tell.
        origins: lines that say where the documents come from, put before the note.
    """
    lines = [explanation.sentence or _permitted(explanation), _row("WHY", explanation.why)]
    lines += _layer_lines(explanation.layers)
    lines += [_row("FIX", each.replace("; or ", "\n      or ")) for each in explanation.fixes]
    lines += [_row("FROM", each) for each in origins]
    if explanation.note:
        lines.append(_row("NOTE", explanation.note))
    return "\n".join(lines)


def _permitted(explanation: Explanation) -> str:
    who = explanation.principal or "anonymous"
    return f"Allowed: {who} may perform {explanation.action} on resource: {explanation.resource}"


def _row(head: str, body: str) -> str:
    return f"{head:<5} {body}"


def _layer_lines(layers: Sequence[LayerLine]) -> list[str]:
    spoken = [each for each in layers if each.mark is not Mark.NONE or each.says]
    width = max((len(each.layer) for each in spoken), default=0)
    lines = []
    for each in spoken:
        line = f"  {f'[{each.mark}]':<6} {_whose(each):<19} {each.layer:<{width}}  {each.says}".rstrip()
        where, colon, rest = line.partition(": ")
        lines += [f"{where}:", f"{_INDENT}{rest}"] if colon and len(line) > _WIDE else [line]
    absent: dict[str, list[str]] = {}
    for each in layers:
        if each not in spoken:
            absent.setdefault(_whose(each), []).append(each.layer)
    return [*lines, *(f"  {'[-]':<6} {whose:<19} no {', no '.join(names)}" for whose, names in absent.items())]


def _whose(line: LayerLine) -> str:
    return f"{line.side} {line.account}".rstrip()


def _near_miss(data: Mapping[str, Any] | None) -> NearMiss | None:
    if data is None:
        return None
    actual = data["actual"]
    return NearMiss(
        **{
            **data,
            "document": Document(**data["document"]),
            "matched": tuple(data["matched"]),
            "expected": tuple(data["expected"]),
            "actual": None if actual is None else tuple(actual),
            "mismatch": Mismatch(data["mismatch"]),
        }
    )


def _layer(data: Mapping[str, Any]) -> LayerLine:
    document = data["document"]
    return LayerLine(
        **{
            **data,
            "mark": Mark(data["mark"]),
            "document": Document(**document) if document else None,
            "near_miss": _near_miss(data["near_miss"]),
        }
    )
