"""A service takes a role's session only when the role trusts it: sts:AssumeRole, decided for the service.

On AWS each service assumes the role that it was passed; whether it may is the role's trust policy's affair, and for
some services that of its conditions on `aws:SourceArn` and `aws:SourceAccount` (IAM User Guide, confused-deputy).
Which services set these keys, and which not, is told at `synth.roles.service_trust`: MWAA, StackSets, SageMaker and
Lambda do; for Glue, S3 replication and a stack's service role no page shows it, so that they do not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from crosswind.local.edge.call import Call, Credentials, Principal, ServiceError
from crosswind.local.identity import Identities
from crosswind.local.sessions import Session, Terms

__all__ = ["ServiceAuthorizer", "TrustedIssuer", "check_function_role"]

# docs.aws.amazon.com/mwaa/latest/userguide/mwaa-create-role.html: an execution role trusts both of MWAA's.
_PRINCIPALS: Mapping[str, tuple[str, ...]] = {"airflow": ("airflow.amazonaws.com", "airflow-env.amazonaws.com")}
_NOT_BY_LAMBDA = "The role defined for the function cannot be assumed by Lambda."


class ServiceAuthorizer(Protocol):
    """The authorizer's entry for what a service does in its own name."""

    def authorize_service(
        self, service_principal: str, role_arn: str, account: str, context: Mapping[str, str]
    ) -> None:
        """Decide sts:AssumeRole on a role for a service.

        Args:
            service_principal: such as `glue.amazonaws.com`.
            role_arn: the role, which exists.
            account: the role's.
            context: `aws:SourceArn` and `aws:SourceAccount` where the service sets them.

        Raises:
            ServiceError: AccessDenied.
        """


class TrustedIssuer:
    """Issues sessions of roles to the services that the roles trust; otherwise as `Identities`.

    Args:
        identities: opens the sessions.
        authorizer: decides.
    """

    def __init__(self, identities: Identities, authorizer: ServiceAuthorizer) -> None:
        self._identities = identities
        self._authorizer = authorizer

    def check(self, role_arn: str, *, via: str, source_arn: str = "") -> None:
        """Return when a service may assume a role.

        Args:
            role_arn: the whole ARN, path included.
            via: the service, such as `glue`.
            source_arn: the resource for which it acts; empty for a service that names none.

        Raises:
            ServiceError: `NoSuchEntity` (404) when there is no such role; AccessDenied when it does not trust.
        """
        if self._identities.role(role_arn) is None:
            raise ServiceError("NoSuchEntity", f"The role {role_arn} cannot be found.", 404)
        context = {}
        if source_arn:
            context = {"aws:SourceArn": source_arn, "aws:SourceAccount": source_arn.split(":")[4]}
        for principal in _PRINCIPALS.get(via, (f"{via}.amazonaws.com",)):
            self._authorizer.authorize_service(principal, role_arn, role_arn.split(":")[4], context)

    def issue(
        self,
        role_arn: str,
        session_name: str,
        duration: int = 3600,
        *,
        via: str = "",
        source_arn: str = "",
        terms: Terms | None = None,
    ) -> tuple[Credentials, Principal]:
        """Open a session of a role for a service, after `check`; arguments as those of `Identities.issue`.

        Raises:
            ServiceError: as `check`.
        """
        self.check(role_arn, via=via, source_arn=source_arn)
        return self._identities.issue(role_arn, session_name, duration, via=via, source_arn=source_arn, terms=terms)

    def credentials_of(self, principal: Principal) -> Credentials:
        """The credentials with which a principal signed; see `Identities.credentials_of`."""
        return self._identities.credentials_of(principal)

    def forwarded(self, principal: Principal, via: str) -> Credentials:
        """Credentials of a forward access session; see `Identities.forwarded`."""
        return self._identities.forwarded(principal, via)

    def session(self, access_key: str) -> Session | None:
        """The session behind a key; see `Identities.session`."""
        return self._identities.session(access_key)

    def alive(self, principal: Principal) -> bool:
        """Whether a session's role is still the one that it was opened for; see `Identities.alive`."""
        return self._identities.alive(principal)


def check_function_role(issuer: TrustedIssuer) -> Callable[[Call], None]:
    """A guard (an edge's BeforeCall) that refuses a function whose role Lambda may not assume, as CreateFunction does.

    Args:
        issuer: decides.
    """

    def guard(call: Call) -> None:
        if call.service != "lambda" or call.operation not in ("CreateFunction", "UpdateFunctionConfiguration"):
            return
        role = str(call.parameters.get("Role") or "")
        if not role:
            return
        name = str(call.parameters.get("FunctionName", "")).rpartition(":")[2]
        partition = role.split(":")[1] if role.startswith("arn:") else "aws"
        source = f"arn:{partition}:lambda:{call.region}:{call.account}:function:{name}"
        try:
            issuer.check(role, via="lambda", source_arn=source)
        except ServiceError as error:
            raise ServiceError("InvalidParameterValueException", _NOT_BY_LAMBDA, 400) from error

    return guard
