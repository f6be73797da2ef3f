"""Differences that an AWS documentation page settled: `settled.json` names them, the predicates here tell them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Settled", "read_settled"]

Case = dict[str, Any]
FILE = Path(__file__).with_name("settled.json")


@dataclass(frozen=True)
class Settled:
    """One kind of difference.

    Args:
        name: for people.
        matcher: the predicate's name in this file.
        right: `crosswind` or `engine`: whose decision the page supports; `neither` where AWS says nothing.
        page: the documentation page.
        why: what the page says.
    """

    name: str
    matcher: str
    right: str
    page: str
    why: str

    def matches(self, case: Case, ours: str, theirs: str) -> bool:
        """Whether a difference (on a minimized case) is of this kind."""
        return _MATCHERS[self.matcher](case, ours, theirs)


def read_settled() -> tuple[Settled, ...]:
    """The checked-in list."""
    return tuple(Settled(**each) for each in json.loads(FILE.read_text(encoding="utf-8")))


def _documents(case: Case) -> Iterator[dict[str, Any]]:
    lists = [case["identityPolicies"], case["boundary"] or [], case["endpointPolicies"]]
    lists += [[each] for each in (case["resourcePolicy"], case["sessionPolicy"]) if each]
    lists += [level["policies"] for level in (*case["scps"], *case["rcps"])]
    for documents in lists:
        yield from documents


def _statements(case: Case) -> Iterator[dict[str, Any]]:
    for document in _documents(case):
        found = document["Statement"]
        yield from found if isinstance(found, list) else [found]


def _conditions(case: Case) -> Iterator[tuple[str, str, list[str]]]:
    """Operator (lower case, without set operator and IfExists), key in lower case, wanted values."""
    for statement in _statements(case):
        for operator, keys in statement.get("Condition", {}).items():
            plain = operator.lower().removeprefix("forallvalues:").removeprefix("foranyvalue:").removesuffix("ifexists")
            for key, values in keys.items():
                yield plain, key.lower(), values if isinstance(values, list) else [values]


def any_address(case: Case, ours: str, theirs: str) -> bool:
    """A condition on 0.0.0.0/0."""
    return any("0.0.0.0/0" in values for operator, _, values in _conditions(case) if "ipaddress" in operator)


def session_arn_and_session_policy(case: Case, ours: str, theirs: str) -> bool:
    """Same account, the resource policy names the session itself, and a session policy does not allow."""
    principal = case["request"]["principal"]
    named = any(principal in json.dumps(s.get("Principal", "")) for s in _resource_statements(case))
    return _session_policy_in_the_way(case, ours, theirs) and named


def everybody_and_session_policy(case: Case, ours: str, theirs: str) -> bool:
    """Same account, the resource policy means everybody, and a session policy does not allow."""
    meant = any(s.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]}) for s in _resource_statements(case))
    return _session_policy_in_the_way(case, ours, theirs) and meant


def _session_policy_in_the_way(case: Case, ours: str, theirs: str) -> bool:
    asked = case["request"]
    same = asked["principal"].split(":")[4:5] == [asked["resourceAccount"]]
    return (ours, theirs) == ("Allow", "ImplicitDeny") and bool(case["sessionPolicy"]) and same


def epoch_date(case: Case, ours: str, theirs: str) -> bool:
    """A date that is given in epoch seconds."""
    given = {key.lower(): value for key, value in case["request"]["context"].items()}
    return any(
        operator.startswith("date") and any(re.fullmatch(r"\d+(\.\d+)?", str(v)) for v in (*values, given.get(key, "")))
        for operator, key, values in _conditions(case)
    )


def key_of_another_account(case: Case, ours: str, theirs: str) -> bool:
    """An operation of KMS that no principal of another account may use."""
    asked = case["request"]
    return (
        asked["action"].lower() == "kms:schedulekeydeletion"
        and asked["principal"].split(":")[4:5] != [asked["resourceAccount"]]
        and (ours, theirs) == ("ImplicitDeny", "Allow")
    )


def public_by_open_key(case: Case, ours: str, theirs: str) -> bool:
    """Whether a bucket policy is public that is for one organization's paths, or for one role's user ids."""
    return case["blockPublicAccess"] is True and any(
        key.endswith("orgpaths") or key == "aws:userid" for _, key, _ in _conditions(case)
    )


def public_access_word(case: Case, ours: str, theirs: str) -> bool:
    """Both deny; which kind of denial S3 Block Public Access is differs."""
    return case["blockPublicAccess"] is True and {ours, theirs} == {"ExplicitDeny", "ImplicitDeny"}


def single_address_is_fixed(case: Case, ours: str, theirs: str) -> bool:
    """Whether a bucket policy is public that names one address, without a prefix."""
    return case["blockPublicAccess"] is True and any(
        operator == "ipaddress" and any("/" not in value for value in values)
        for operator, _, values in _conditions(case)
    )


def session_by_principal_arn_is_fixed(case: Case, ours: str, theirs: str) -> bool:
    """Whether a bucket policy is public that names one session by aws:PrincipalArn."""
    return case["blockPublicAccess"] is True and any(
        key == "aws:principalarn" and any(":sts:" in value for value in values) for _, key, values in _conditions(case)
    )


def absent_variable_in_negated_arn(case: Case, ours: str, theirs: str) -> bool:
    """ArnNotEquals or ArnNotLike with a variable that has no value."""
    given = {key.lower() for key in case["request"]["context"]}
    return any(
        operator in ("arnnotequals", "arnnotlike")
        and any(name.lower() not in given for name in re.findall(r"\$\{([^${},*?]+)\}", " ".join(values)))
        for operator, _, values in _conditions(case)
    )


def wildcard_over_colon(case: Case, ours: str, theirs: str) -> bool:
    """A resource with a wildcard at the end of a segment, and fewer segments than an ARN has."""
    found = (s.get(name, []) for s in _statements(case) for name in ("Resource", "NotResource"))
    texts = [text for each in found for text in (each if isinstance(each, list) else [each])]
    return any(":*:" in text and text.count(":") < case["request"]["resource"].count(":") for text in texts)


def variable_in_old_version(case: Case, ours: str, theirs: str) -> bool:
    """A document without Version 2012-10-17 that holds something like a variable."""
    return any(d.get("Version") != "2012-10-17" and "${" in json.dumps(d["Statement"]) for d in _documents(case))


def dollar_before_brace(case: Case, ours: str, theirs: str) -> bool:
    """The text ${$}{...}, which stands for ${...}."""
    return any("${$}{" in json.dumps(document) for document in _documents(case))


def empty_value_and_for_all_values(case: Case, ours: str, theirs: str) -> bool:
    """ForAllValues over a key whose value is an empty text."""
    empty = {key.lower() for key, value in case["request"]["context"].items() if value in ("", [""])}
    return any("ForAllValues" in json.dumps(s.get("Condition", "")) for s in _statements(case)) and any(
        key in empty for _, key, _ in _conditions(case)
    )


def empty_value_of_variable(case: Case, ours: str, theirs: str) -> bool:
    """A variable whose key has an empty value."""
    empty = {key.lower() for key, value in case["request"]["context"].items() if value == ""}
    named = re.findall(r"\$\{([^${},]+)", json.dumps(list(_documents(case))))
    return any(each.lower() in empty for each in named)


def empty_list(case: Case, ours: str, theirs: str) -> bool:
    """A key that is there with no value at all."""
    empty = {key.lower() for key, value in case["request"]["context"].items() if value == []}
    return any(key in empty for _, key, _ in _conditions(case))


def address_of_other_family(case: Case, ours: str, theirs: str) -> bool:
    """An IPv6 address held against IPv4 ranges by NotIpAddress."""
    given = {key.lower(): str(value) for key, value in case["request"]["context"].items()}
    return any(
        operator == "notipaddress" and any((":" in each) != (":" in given.get(key, each)) for each in values)
        for operator, key, values in _conditions(case)
    )


def _resource_statements(case: Case) -> list[dict[str, Any]]:
    found = (case["resourcePolicy"] or {}).get("Statement", [])
    return found if isinstance(found, list) else [found]


_MATCHERS: dict[str, Callable[[Case, str, str], bool]] = {
    each.__name__: each
    for each in (
        absent_variable_in_negated_arn,
        address_of_other_family,
        any_address,
        dollar_before_brace,
        empty_list,
        empty_value_and_for_all_values,
        empty_value_of_variable,
        epoch_date,
        everybody_and_session_policy,
        key_of_another_account,
        public_access_word,
        public_by_open_key,
        session_arn_and_session_policy,
        session_by_principal_arn_is_fixed,
        single_address_is_fixed,
        variable_in_old_version,
        wildcard_over_colon,
    )
}
