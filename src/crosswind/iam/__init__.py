"""IAM's decision: may this caller do this, on this resource, under these documents, and why. Pure.

Stages:

1. `parse` (policy, with grammar for what AWS refuses) takes a document and gives a `Policy`: each statement with its
   patterns (match, variables), principals and conditions (operators) made ready for matching.
2. `decide` (evaluate) takes a `Request` and a `PolicySet`. context completes the request with the keys that follow from
   principal and resource; considered holds every statement of every layer against it; kms and public_access add what
   is special about keys and buckets; evaluate joins the layers as AWS does, over both accounts.
3. `Decision` (decision) is the answer as data: the effect, and every layer and statement with the outcome of each
   element, so that nothing is evaluated again to explain it.
4. `sentence` and `explain` (wording, near_miss, holders, fixes, explanation) tell a Decision: in AWS's words, and
   better.

`cases` reads the JSON form in which evaluation cases are exchanged.

May not: read files, clocks or settings; know AWS clients, moto or the service tables; raise from `decide`.
"""

from crosswind.iam.decision import (
    ConditionResult,
    Decision,
    Effect,
    Grantee,
    Layer,
    LayerResult,
    StatementResult,
    Verdict,
)
from crosswind.iam.evaluate import decide
from crosswind.iam.explain import explain
from crosswind.iam.explanation import Explanation
from crosswind.iam.policy import KmsGrant, Level, Policy, PolicyError, PolicyKind, PolicySet, Statement, parse
from crosswind.iam.request import Principal, PrincipalKind, Request
from crosswind.iam.wording import sentence

__all__ = [
    "ConditionResult",
    "Decision",
    "Effect",
    "Explanation",
    "Grantee",
    "KmsGrant",
    "Layer",
    "LayerResult",
    "Level",
    "Policy",
    "PolicyError",
    "PolicyKind",
    "PolicySet",
    "Principal",
    "PrincipalKind",
    "Request",
    "Statement",
    "StatementResult",
    "Verdict",
    "decide",
    "explain",
    "parse",
    "sentence",
]
