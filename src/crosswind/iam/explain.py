"""A Decision in words: which layer said what, what came closest, and which document of whose account to edit.

Nothing is evaluated here. A Decision goes in; an `Explanation` comes out, with AWS's own sentence beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crosswind.iam.decision import Decision, Effect, Grantee, Layer, LayerResult, StatementResult, Verdict
from crosswind.iam.explanation import Document, Explanation, LayerLine, Mark, NearMiss, text
from crosswind.iam.fixes import fix, missed
from crosswind.iam.holders import document_of, named, side_of
from crosswind.iam.near_miss import nearest, shown
from crosswind.iam.wording import aws_layer, aws_policy_type, plain, sentence

__all__ = ["aws_policy_type", "explain", "sentence", "text"]

_KEPT_CONDITIONS = 3


def explain(decision: Decision) -> Explanation:
    """Why a request was allowed or denied, layer by layer.

    Args:
        decision: of `decide`.

    Returns:
        The explanation; `as_dict` makes JSON of it, `text` lines for people. It holds the values of policies and of
        the request's context, except those of tags and encryption contexts that are named like secrets.
    """
    request = decision.request
    lines = tuple(_line(decision, each) for each in decision.layers)
    blockers = _blockers(decision, lines)
    documents = tuple(each.near_miss.document if each.near_miss else each.document for each in blockers)
    known = tuple(each for each in documents if each is not None)
    return Explanation(
        effect=decision.effect.value,
        action=request.action,
        resource=request.resource,
        resource_account=request.resource_account,
        principal=request.principal.arn,
        principal_account=request.principal.account,
        sentence=sentence(decision),
        aws_policy_type=aws_policy_type(decision),
        why=_rule(decision, blockers),
        layers=lines,
        near_miss=blockers[0].near_miss if blockers else None,
        owner=known[0].account if known else "",
        documents=known,
        fixes=tuple(fix(decision, each) for each in blockers),
        note=_note(decision, lines, blockers),
    )


def _line(decision: Decision, result: LayerResult) -> LayerLine:
    document = document_of(decision, result)
    mark = _mark(decision, result)
    near: NearMiss | None = None
    if mark in (Mark.OK, Mark.DENY):
        effect = "Deny" if mark is Mark.DENY else "Allow"
        found = next((s for s in result.statements if s.matched and s.statement.effect == effect), None)
        says = _decided(document, found, mark) if found else _without_statement(document, result)
        document = _with_statement(document, found)
    elif mark is Mark.MISS:
        near = nearest(decision, result, document)
        says = missed(named(near.document), near) if near else _nothing_near(document, result)
    else:
        says = "" if result.verdict is Verdict.NOT_APPLICABLE else f"{named(document)}: allows nothing, and need not"
    return LayerLine(
        layer=result.layer.value,
        side=side_of(result.layer),
        account=result.account,
        mark=mark,
        verdict=result.verdict.value,
        says="; ".join(part for part in (says, result.note) if part),
        document=None if mark is Mark.NONE else document,
        near_miss=near,
    )


def _mark(decision: Decision, result: LayerResult) -> Mark:
    if result.verdict is Verdict.ALLOW:
        return Mark.OK
    if result.verdict is Verdict.EXPLICIT_DENY:
        return Mark.DENY
    if result.verdict is Verdict.NOT_APPLICABLE and result is not decision.blocked_by:
        return Mark.NONE
    if decision.allowed:
        return Mark.NONE
    needed = result.required or result is decision.blocked_by
    return Mark.MISS if needed or _would_suffice(decision, result) else Mark.NONE


def _would_suffice(decision: Decision, result: LayerResult) -> bool:
    """Whether an Allow of a layer that is not required would have been enough: in one account, either side's is."""
    return (
        not decision.cross_account
        and decision.effect is Effect.IMPLICIT_DENY
        and result.layer in (Layer.IDENTITY, Layer.RESOURCE)
        and decision.blocked_by is not None
        and decision.blocked_by.layer in (Layer.IDENTITY, Layer.RESOURCE)
        and bool(result.statements)
    )


def _blockers(decision: Decision, lines: Sequence[LayerLine]) -> list[LayerLine]:
    """The lines that must turn to ok before the request is allowed: the deciding one, other denials, other misses."""
    if decision.allowed:
        return []
    ranked = []
    for result, line in zip(decision.layers, lines, strict=True):
        if result is decision.blocked_by:
            ranked.append((0, line))
        elif line.mark is Mark.DENY:
            ranked.append((1, line))
        elif line.mark is Mark.MISS and result.required:
            ranked.append((2, line))
    return [line for _, line in sorted(ranked, key=lambda pair: pair[0])]


def _decided(document: Document, found: StatementResult, mark: Mark) -> str:
    words = f"{named(_with_statement(document, found))} {'denies' if mark is Mark.DENY else 'allows'}"
    if mark is Mark.OK and found.grantee is Grantee.ACCOUNT:
        words += " the caller's account, whose own policies must allow too"
    conditions = [
        f"{each.operator} {each.key} {_values(shown(each.key, each.wanted))}"
        for each in (found.conditions or ())[:_KEPT_CONDITIONS]
    ]
    return f"{words} (condition {' and '.join(conditions)} holds)" if conditions else words


def _without_statement(document: Document, result: LayerResult) -> str:
    """A verdict that follows from a rule, which the layer's note names."""
    if result.layer is Layer.PUBLIC_ACCESS:
        out = "keeps the caller out" if result.verdict is Verdict.EXPLICIT_DENY else "does not keep the caller out"
        return f"{named(document)}: RestrictPublicBuckets {out}"
    return f"{named(document)} {'denies' if result.verdict is Verdict.EXPLICIT_DENY else 'allows'}"


def _with_statement(document: Document, found: StatementResult | None) -> Document:
    if found is None:
        return document
    each = found.statement
    policy = each.policy or document.policy
    return Document(document.kind, document.name, document.layer, document.account, policy, each.index, each.sid)


def _nothing_near(document: Document, result: LayerResult) -> str:
    if not result.statements:
        return f"{named(document)} has none"
    return f"{named(document)}: none of its {len(result.statements)} statements is near"


def _values(values: Sequence[str]) -> str:
    return ", ".join(f'"{each}"' for each in values) or "none"


def _rule(decision: Decision, blockers: Sequence[LayerLine]) -> str:
    both = "cross-account: both sides must allow" if decision.cross_account else "same account"
    if decision.effect is Effect.EXPLICIT_DENY:
        return f"{both}; an explicit deny overrides every allow"
    if decision.allowed:
        return f"{both}; all that must allow do"
    deciding = blockers[0].layer if blockers else ""
    if decision.cross_account:
        return both
    if deciding in (Layer.IDENTITY, Layer.RESOURCE):
        return f"{both}: the caller's identity-based policies, or the resource's policy, must allow"
    return f"{both}: the {deciding} must allow too" if deciding else both


def _note(decision: Decision, lines: Sequence[LayerLine], blockers: Sequence[LayerLine]) -> str:
    """What AWS's wording hides: another side than the one to edit, further sides, or all of it."""
    if not blockers:
        return ""
    if plain(decision):
        return "AWS's own message says Access Denied and nothing more: S3 tells no reason to callers from outside"
    layer = aws_layer(decision)
    line = next((line for each, line in zip(decision.layers, lines, strict=True) if each is layer), None)
    if line is None:
        return ""
    others = [each for each in blockers if each is not line]
    if not others:
        return ""
    head = f"AWS's own message names only the {line.layer} of account {line.account}"
    missing = " and ".join(_listed(others))
    if line in blockers:
        return f"{head}; {missing} stand{'s' if len(others) == 1 else ''} in the way as well"
    return f"{head}, which is not at fault: edit {missing}"


def _listed(lines: Sequence[LayerLine]) -> Iterator[str]:
    for each in lines:
        yield f"the {each.layer} of account {each.account}"
