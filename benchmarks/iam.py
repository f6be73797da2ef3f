"""Decisions a second: a role with 40 statements over distinct requests, beside other engines on the same machine.

Usage: python benchmarks/iam.py [REQUESTS]        (default: 20000)

One core and one process at a time. Crosswind's figure is of `decide` with its whole trace, over policies that are
parsed once; no decision is kept. The second row parses the role's policies anew for each request, as iam-simulate
does. iam-simulate (AGPL-3.0-or-later) runs as a program of its own by node, where npm can install it; it decides
fewer requests, since it is slower, and its decisions are compared with Crosswind's. moto's evaluator knows neither
resource policies, conditions that fail, nor policy variables: its figure is of speed alone.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from crosswind.iam import PolicyKind, PolicySet, Principal, Request, decide, parse
from tests.oracle.oracle import Oracle, OracleMissingError, install

ROUNDS = 3
SAMPLE = 2000
ACCOUNT, OTHER = "111111111111", "222222222222"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/run-1"
CONTEXT = {
    "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/worker",
    "aws:PrincipalAccount": ACCOUNT,
    "aws:PrincipalType": "AssumedRole",
    "aws:PrincipalIsAWSService": "false",
    "aws:userid": "AROAEXAMPLEEXAMPLE123:run-1",
    "aws:PrincipalTag/team": "team-7",
    "aws:RequestedRegion": "us-east-1",
    "aws:SourceIp": "10.1.2.3",
    "aws:SecureTransport": "true",
    "aws:CurrentTime": "2026-11-22T10:00:00Z",
}
Case = dict[str, Any]


def main(requests: int) -> None:
    """Measure each engine, and print a table."""
    policies, cases = role_policies(), make_cases(requests)
    print(f"IAM decisions/s, one core, a role with 40 statements, {requests} distinct requests, median of {ROUNDS}")
    print(f"{'engine':44}{'decisions/s':>12}{'of ours':>9}  decisions equal")
    parsed = tuple(parse(policy, PolicyKind.IDENTITY, account=ACCOUNT) for policy in policies)
    asked = [request_of(case) for case in cases]
    ours = [decide(request, PolicySet(identity=parsed)).effect.value for request in asked]
    rate = measured(lambda: [decide(request, PolicySet(identity=parsed)) for request in asked], requests)
    row("crosswind.iam.decide, whole trace", rate, rate)
    few = asked[: min(SAMPLE, requests)]
    row("  the same, parsing at each request", measured(lambda: parsing_each_time(policies, few), len(few)), rate)
    engines(cases, policies, ours, rate)
    moto(policies, cases, rate)
    shares = ", ".join(f"{word} {count / requests:.0%}" for word, count in sorted(Counter(ours).items()))
    print(f"decisions: {shares}; load average now {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")


def engines(cases: Sequence[Case], policies: Sequence[Case], ours: Sequence[str], rate: float) -> None:
    """The rows of iam-simulate, by its core and by its public API."""
    try:
        folder = install()
    except OracleMissingError as missing:
        print(f"iam-simulate is not measured: {missing}")
        return
    sample = [case | {"identityPolicies": policies} for case in cases[:SAMPLE]]
    for mode, name in (
        ("core", "iam-simulate 0.1.173 by node, core"),
        ("public", "iam-simulate 0.1.173 by node, public API"),
    ):
        with Oracle(folder, mode) as engine:
            engine.measure(sample[:200], 1)
            runs = [engine.measure(sample, 1) for _ in range(ROUNDS)]
        seconds = statistics.median(each for each, _ in runs)
        equal = sum(mine == theirs for mine, theirs in zip(ours, runs[0][1], strict=False))
        row(name, len(sample) / seconds, rate, f"{equal}/{len(sample)}")


def moto(policies: Sequence[Case], cases: Sequence[Case], rate: float) -> None:
    """The row of moto's evaluator."""
    from moto.iam.access_control import IAMPolicy, PermissionResult

    documents = [IAMPolicy(json.dumps(policy)) for policy in policies]
    sample = [case["request"] for case in cases[:SAMPLE]]

    def all_of() -> list[str]:
        words = []
        for asked in sample:
            said = {each.is_action_permitted(asked["action"], asked["resource"]) for each in documents}
            denied = PermissionResult.DENIED in said
            words.append("Deny" if denied else "Allow" if PermissionResult.PERMITTED in said else "Nothing")
        return words

    row("moto 5.2.5, IAMPolicy", measured(all_of, len(sample)), rate, "not compared")


def measured(run: Callable[[], object], count: int) -> float:
    """Decisions a second, the median of some rounds."""
    rates = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run()
        rates.append(count / (time.perf_counter() - began))
    return statistics.median(rates)


def parsing_each_time(policies: Sequence[Case], asked: Sequence[Request]) -> None:
    """Decide with policies parsed for each request."""
    for request in asked:
        parsed = tuple(parse(policy, PolicyKind.IDENTITY, account=ACCOUNT) for policy in policies)
        decide(request, PolicySet(identity=parsed))


def row(name: str, rate: float, ours: float, equal: str = "") -> None:
    """Print one engine's row."""
    print(f"{name:44}{rate:12.0f}{rate / ours:9.2f}  {equal}")


def request_of(case: Case) -> Request:
    """A case's question."""
    asked = case["request"]
    principal = Principal.of(asked["principal"])
    return Request(asked["action"], asked["resource"], principal, asked["resourceAccount"], asked["context"])


def role_policies() -> list[Case]:
    """Two documents of 20 statements: what a data pipeline's role has, three of them with conditions of each kind."""
    statements: list[Case] = []
    for number in range(12):
        bucket = f"arn:aws:s3:::lake-{number}"
        statements += [
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": f"{bucket}/raw/*"},
            {"Effect": "Allow", "Action": ["s3:PutObject", "s3:AbortMultipartUpload"], "Resource": f"{bucket}/out/*"},
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": bucket,
                "Condition": {"StringLike": {"s3:prefix": ["raw/*", "out/${aws:PrincipalTag/team}/*"]}},
            },
        ]
    statements += [
        {
            "Effect": "Allow",
            "Action": ["glue:StartJobRun", "glue:Get*"],
            "Resource": f"arn:aws:glue:*:{ACCOUNT}:job/clean-*",
        },
        {
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:airflow/${{aws:PrincipalTag/team}}/*",
            "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "Bool": {"aws:SecureTransport": "true"}},
        },
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "us-west-2"]}},
        },
        {"Effect": "Deny", "NotAction": ["s3:*", "glue:*", "secretsmanager:*"], "Resource": "*"},
    ]
    return [
        {"Version": "2012-10-17", "Statement": statements[:20]},
        {"Version": "2012-10-17", "Statement": statements[20:]},
    ]


def make_cases(count: int) -> list[Case]:
    """Distinct requests, about half of them allowed."""
    dice = random.Random(1)
    cases = []
    for number in range(count):
        lake = f"arn:aws:s3:::lake-{dice.randrange(14)}"
        team, prefix = f"team-{dice.randrange(5, 9)}", dice.choice(("raw", "out", "tmp"))
        action, resource = dice.choice(
            (
                ("s3:GetObject", f"{lake}/{prefix}/part-{number}.csv"),
                ("s3:PutObject", f"{lake}/{prefix}/part-{number}.csv"),
                ("s3:ListBucket", lake),
                ("glue:StartJobRun", f"arn:aws:glue:us-east-1:{ACCOUNT}:job/clean-{number}"),
                (
                    "secretsmanager:GetSecretValue",
                    f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:airflow/{team}/{number}-AbCdEf",
                ),
                ("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{ACCOUNT}:queue-{number}"),
            )
        )
        context = CONTEXT | {"aws:ResourceAccount": ACCOUNT, "aws:UserAgent": f"bench/{number}"}
        if action == "s3:ListBucket":
            context["s3:prefix"] = f"{prefix}/{team}/{number}"
        cases.append(case_of(number, action, resource, context))
    return cases


def case_of(number: int, action: str, resource: str, context: dict[str, str]) -> Case:
    """The case form, without the role's policies."""
    return {
        "id": f"bench#{number}",
        "request": {
            "action": action,
            "resource": resource,
            "resourceAccount": ACCOUNT,
            "principal": SESSION,
            "context": context,
        },
        "identityPolicies": [],
        "resourcePolicy": None,
        "boundary": None,
        "sessionPolicy": None,
        "scps": [],
        "rcps": [],
        "endpointPolicies": [],
    }


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20000)
