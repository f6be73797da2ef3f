"""Random cases of the case form, seeded: requests and policies that hit, or miss by one element."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.oracle.conditions import Key, block, context
from tests.oracle.scenes import ACCOUNTS, Scene, derived_context, scene

__all__ = ["case"]

FULL_ACCESS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
VERSIONS = ("2012-10-17",) * 17 + ("2008-10-17", "2008-10-17", None)


def case(random: Random, number: int) -> dict[str, Any]:
    """A random case of the case form, without an expectation."""
    asked = scene(random)
    given, keys = context(random, derived_context(asked))
    return _Writer(random, asked, given, keys).case(number)


@dataclass(frozen=True)
class _Writer:
    """Writes the policies around one request."""

    random: Random
    asked: Scene
    given: Mapping[str, Any]
    keys: tuple[Key, ...]

    def case(self, number: int) -> dict[str, Any]:
        asked = self.asked
        has_policies = asked.kind not in ("service", "anonymous", "root")
        return {
            "id": f"fuzz#{number}",
            "request": {
                "action": self.cased(asked.action),
                "resource": asked.resource,
                "resourceAccount": asked.owner,
                "principal": asked.principal,
                "context": dict(self.given),
            },
            "identityPolicies": self.identity_policies(),
            "resourcePolicy": self.resource_policy(),
            "boundary": [self.document(deny=0.1)] if has_policies and self.chance(0.18) else None,
            "sessionPolicy": self.session_policy(),
            "scps": self.levels(self.scp) if asked.account and self.chance(0.2) else [],
            "rcps": self.levels(self.rcp) if self.chance(0.12) else [],
            "endpointPolicies": [self.document(principal="*")] if self.chance(0.06) else [],
            "blockPublicAccess": asked.action.startswith("s3:") and self.chance(0.08),
        }

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    def few(self, weights: tuple[int, ...]) -> int:
        return self.random.choices(range(len(weights)), weights)[0]

    def cased(self, action: str) -> str:
        return action if self.chance(0.9) else self.random.choice((action.lower(), action.upper()))

    def identity_policies(self) -> list[dict[str, Any]]:
        if self.asked.kind == "root":
            return [FULL_ACCESS]  # what a root user may do by itself; the engine wants it said
        if self.asked.kind in ("service", "anonymous"):
            return []
        return [self.document() for _ in range(self.few((1, 6, 3)))]

    def session_policy(self) -> dict[str, Any] | None:
        if self.asked.kind in ("session", "federated-user") and self.chance(0.3):
            return self.document(deny=0.1)
        return None

    def resource_policy(self) -> dict[str, Any] | None:
        kind = self.asked.service.policy
        often = {"": 0.0, "trust": 0.95, "key": 0.95}.get(kind, 0.9 if self.asked.cross_account else 0.6)
        if not self.chance(often):
            return None
        document = self.document(principal=kind)
        if kind == "key" and self.chance(0.6):
            root = {"AWS": f"arn:aws:iam::{self.asked.owner}:root"}
            document["Statement"].append({"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"})
        return document

    def levels(self, make: Callable[[], dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {"level": f"level{i}", "policies": [make() for _ in range(self.few((0, 3, 1)))]}
            for i in range(self.few((0, 3, 1)))
        ]

    def scp(self) -> dict[str, Any]:
        if self.chance(0.35):
            return FULL_ACCESS
        document = self.document(deny=0.2)
        if self.chance(0.5):
            document["Statement"].append(FULL_ACCESS["Statement"][0])
        return document

    def rcp(self) -> dict[str, Any]:
        return self.document(deny=1.0, principal="rcp")

    def document(self, *, deny: float = 0.18, principal: str = "") -> dict[str, Any]:
        """One document; `principal` says which kind of Principal element its statements have."""
        version = self.random.choice(VERSIONS) if principal != "rcp" else "2012-10-17"
        statements = [self.statement(self.chance(deny), principal) for _ in range(self.few((0, 5, 3, 2)))]
        return ({"Version": version} if version else {}) | {"Statement": statements}

    def statement(self, deny: bool, principal: str) -> dict[str, Any]:
        statement: dict[str, Any] = {"Effect": "Deny" if deny else "Allow"}
        if principal:
            statement |= self.principal(deny, principal)
        hit = 0.5 if deny else 0.9
        actions = [self.action(hit)] + [self.action(0.3) for _ in range(self.few((7, 2, 1)))]
        negate = self.chance(0.1) and principal != "trust"
        statement["NotAction" if negate else "Action"] = self.packed([self.action(0.15)] if negate else actions)
        if principal != "trust":
            negate = self.chance(0.08)
            resources = [self.resource(0.1 if negate else hit)] + [self.resource(0.3) for _ in range(self.few((7, 2)))]
            statement["NotResource" if negate else "Resource"] = self.packed(resources)
        if self.chance(0.6 if deny else 0.35):
            statement["Condition"] = block(self.random, self.keys, self.given, 0.75)
        return statement

    def packed(self, values: list[str]) -> str | list[str]:
        return values[0] if len(values) == 1 and self.chance(0.6) else values

    def action(self, hit: float) -> str:
        service, _, name = self.asked.action.partition(":")
        trust = self.asked.service.policy == "trust"
        if self.chance(hit):
            forms = [self.asked.action] * 4 + [f"{service}:*", f"{service}:{name[:3]}*", f"{service}:*{name[-4:]}"]
            forms += [f"{service}:{name[:-1]}?", self.asked.action.lower(), f"{service}:*" if trust else "*"]
            return self.random.choice(forms)
        misses = [f"{service}:{name}Acl", f"{service}:Put*", f"{service}:Get*", f"{service}:?{name}"]
        misses += [f"{service}:X*" if trust else "ec2:*", self.random.choice(self.asked.service.actions)]
        return self.random.choice(misses)

    def resource(self, hit: float) -> str:
        arn = self.asked.resource
        head, tail = ":".join(arn.split(":", 5)[:5]), arn.split(":", 5)[5]
        account = arn.split(":", 5)[4]
        if self.chance(hit):
            forms = [arn, arn, "*", "*", f"{head}:*", arn[:-2] + "*", arn[:-1] + "?"]
            forms += [arn.replace("alice", "${aws:username}"), arn.replace("team-a", "${aws:PrincipalTag/team}")]
            forms += [arn.replace("etl", "${aws:PrincipalTag/team, 'etl'}"), arn.replace("$x", "${$}x")]
            forms += [arn.replace(account, "*") if account else arn.replace("lake", "l?ke")]
            if self.chance(0.002):
                forms = [arn.replace(f"us-east-1:{account}", "*")]
            return self.random.choice(forms)
        misses = [f"{head}:{tail.upper()}", arn + "/x", arn + "*", "arn:aws:s3:::other/*", arn[:-3], f"{head}:{tail}?"]
        misses += [
            arn.replace(ACCOUNTS[1], ACCOUNTS[2]),
            arn.replace("us-east-1", "eu-*"),
            arn.replace("/", "/${*}", 1),
        ]
        return self.random.choice(misses)

    def principal(self, deny: bool, kind: str) -> dict[str, Any]:
        if kind in ("rcp", "*"):
            return {"Principal": "*"}
        if deny and self.chance(0.25):
            return {"NotPrincipal": self.principals(0.6, several=True)}
        return {"Principal": self.principals(0.85, several=False)}

    def principals(self, hit: float, *, several: bool) -> str | dict[str, Any]:
        asked, random = self.asked, self.random
        if not several and self.chance(0.7 if asked.kind == "anonymous" else 0.12):
            return random.choice(("*", {"AWS": "*"}, {"AWS": ["*"]}))
        if asked.kind == "service" and self.chance(hit):
            return {"Service": random.choice((asked.principal, [asked.principal, "lambda.amazonaws.com"]))}
        if not asked.account or not self.chance(hit):
            return random.choice(self.strangers())
        a = asked.account
        own = [asked.principal, asked.principal, a, f"arn:aws:iam::{a}:root"]
        if asked.kind == "session":
            own += [f"arn:aws:iam::{a}:role/worker"] * 3
        names = random.sample(own, random.randint(1, 3) if several or self.chance(0.2) else 1)
        if several and self.chance(0.6):
            names = sorted({*own})
        return {"AWS": self.packed(names)}

    def strangers(self) -> tuple[Any, ...]:
        a, b, c = ACCOUNTS
        return (
            {"AWS": f"arn:aws:iam::{a}:role/other"},
            {"AWS": f"arn:aws:iam::{a}:user/Alice"},
            {"AWS": f"arn:aws:sts::{a}:assumed-role/worker/run-2"},
            {"AWS": b},
            {"AWS": f"arn:aws:iam::{c}:root"},
            {"Service": "lambda.amazonaws.com"},
            {"AWS": [b, f"arn:aws:iam::{b}:user/alice"], "Service": ["sns.amazonaws.com"]},
            {"Federated": "cognito-identity.amazonaws.com"},
        )
