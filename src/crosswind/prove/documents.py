"""Policy documents: roles with their trust, policies and boundary, and resources' policies.

Each statement has its origin in the template, so that a finding can name it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from crosswind.iam import Policy

__all__ = ["Connection", "Document", "Documents", "Origin", "Role", "fewer_rights"]


@dataclass(frozen=True, order=True)
class Origin:
    """Where a statement stands.

    Attributes:
        file: the template's, as `crosswind synth --out` writes it: `<account>/<region>/<stack>.json`.
        path: in it, such as `Resources.Role.Properties.Policies[0].PolicyDocument.Statement[2]`.
    """

    file: str
    path: str

    def __str__(self) -> str:
        return f"{self.file}: {self.path}"


@dataclass(frozen=True, eq=False)
class Document:
    """One policy document.

    Attributes:
        policy: parsed.
        holder: the ARN of the role or resource that has it; a managed policy's own.
        origins: one a statement.
    """

    policy: Policy
    holder: str
    origins: tuple[Origin, ...]


@dataclass(frozen=True, eq=False)
class Role:
    """A role.

    Attributes:
        arn: its ARN, with its path.
        account: whose.
        trust: who may assume it.
        identity: what it may do, inline and managed.
        boundary: its permissions boundary, if it has one.
    """

    arn: str
    account: str
    trust: Document
    identity: tuple[Document, ...] = ()
    boundary: Document | None = None

    @property
    def documents(self) -> tuple[Document, ...]:
        """Its trust, its policies, its boundary."""
        return (self.trust, *self.identity, *((self.boundary,) if self.boundary else ()))


@dataclass(frozen=True)
class Connection:
    """An Airflow connection, as its secret tells.

    Attributes:
        role: the ARN of the role that it assumes.
        external_id: what it sends as `ExternalId`; empty for none.
    """

    role: str
    external_id: str = ""

    @classmethod
    def of(cls, text: str) -> Connection | None:
        """The connection that a secret's text is; None when it is none that assumes a role."""
        try:
            extra = json.loads(text)["extra"]
            return cls(extra["role_arn"], extra.get("assume_role_kwargs", {}).get("ExternalId", ""))
        except (AttributeError, KeyError, TypeError, ValueError):
            return None


@dataclass(frozen=True)
class Documents:
    """The documents of all stacks.

    Attributes:
        roles: by ARN.
        resources: resource policies, by the resource's ARN.
        owners: the account of each bucket, by its ARN, which does not tell.
        keys: the ARN of the key that encrypts a bucket by default, by the bucket's ARN.
        connections: Airflow's, by the name of the secret.
    """

    roles: Mapping[str, Role] = field(default_factory=dict)
    resources: Mapping[str, Document] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    connections: Mapping[str, Connection] = field(default_factory=dict)

    def all(self, *, boundaries: bool = True) -> Iterator[Document]:
        """Every document once: trusts, identity policies and perhaps boundaries of roles, and resources' policies."""
        seen = set() if boundaries else {id(role.boundary) for role in self.roles.values() if role.boundary}
        for role in self.roles.values():
            for each in role.documents:
                if id(each) not in seen:
                    seen.add(id(each))
                    yield each
        yield from self.resources.values()


def fewer_rights(some: Documents, more: Documents) -> bool:
    """Whether some documents allow nothing that others do not: what these refuse, those refuse then too.

    So it is when the others hold each of their statements, as it is, and beside these only such as allow.
    """
    others = {
        (origin, document.holder): statement
        for document in more.all()
        for origin, statement in zip(document.origins, document.policy.statements, strict=True)
    }
    for document in some.all():
        for origin, statement in zip(document.origins, document.policy.statements, strict=True):
            other = others.pop((origin, document.holder), None)
            if other is None or other.raw != statement.raw:
                return False
    return all(statement.effect == "Allow" for statement in others.values())
