"""The only maker of boto3 sessions: one client for a (service, account, region), its account asserted."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

from crosswind.aws.translate import translated
from crosswind.errors import AccessDeniedError, WrongAccountError

__all__ = ["AwsSessions", "Identity", "Sessions"]

_SESSION_NAME = "crosswind"


@dataclass(frozen=True)
class Identity:
    """Who acts in an account: its id and the caller's ARN."""

    account: str
    arn: str


class Sessions(Protocol):
    """The seam to AWS."""

    endpoint: str

    def client(self, service: str, account: str, region: str) -> Any:
        """A boto3 client of `service` that acts in `account` and `region`."""

    def identity(self, account: str) -> Identity:
        """The caller in `account`; raises WrongAccountError when the credentials act elsewhere."""


class AwsSessions:
    """Sessions over boto3.

    Args:
        profiles: credentials profile by account id; the default chain for accounts without one.
        endpoint: an endpoint URL, for the local world; empty for AWS. With an endpoint, the account id is
            the access key and acts as that account's root, whatever profiles and variables are set.
        region: the Region that is asked who acts; one of the partition in use.
        roles: the ARN of the role to act under, by account id: the account's credentials only assume it.
    """

    def __init__(
        self,
        profiles: Mapping[str, str],
        endpoint: str = "",
        region: str = "us-east-1",
        roles: Mapping[str, str] | None = None,
    ) -> None:
        self._profiles = dict(profiles)
        self.endpoint = endpoint
        self._region = region
        self._roles = dict(roles or {})
        self._sessions: dict[str, boto3.Session] = {}
        self._asserted: dict[str, Identity] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._lock = threading.RLock()

    def client(self, service: str, account: str, region: str) -> Any:
        """A client that acts in `account` and `region`; the account is asserted once a session."""
        self.identity(account)
        return self._client(service, account, region)

    def identity(self, account: str) -> Identity:
        """The caller in `account`, by sts:GetCallerIdentity; cached."""
        with self._lock:
            if account not in self._asserted:
                caller = self._caller(account)
                if caller["Account"] != account:
                    raise WrongAccountError(
                        f"credentials for account {account} act in account {caller['Account']} as {caller['Arn']}",
                        hint=f"set accounts.*.profile for {account} to a profile of that account",
                    )
                self._asserted[account] = Identity(account, caller["Arn"])
            return self._asserted[account]

    def _caller(self, account: str) -> Mapping[str, Any]:
        role = self._roles.get(account)
        try:
            with translated(f"ask who acts in account {account}"):
                answer: Mapping[str, Any] = self._client("sts", account, self._region).get_caller_identity()
        except AccessDeniedError as error:
            if role is None:
                raise
            text = f"account {account} does not let {role} be assumed: {error.message}"
            hint = "`crosswind bootstrap` makes the deployer's roles; `crosswind deploy --local` does it by itself"
            raise AccessDeniedError(text, hint=hint, aws_code=error.aws_code, operation=error.operation) from error
        return answer

    def _client(self, service: str, account: str, region: str) -> Any:
        key = (service, account, region)
        with self._lock:  # boto3 sessions are not safe to make clients from in several threads
            if key not in self._clients:
                self._clients[key] = self._session(account).client(
                    service,
                    region_name=region,
                    endpoint_url=self.endpoint or None,
                    config=self._config(),
                )
            return self._clients[key]

    def _session(self, account: str) -> boto3.Session:
        if account not in self._sessions:
            profile = self._profiles.get(account) or None
            session = self._local_session(account) if self.endpoint else boto3.Session(profile_name=profile)
            role = self._roles.get(account)
            self._sessions[account] = self._under(role, session) if role else session
        return self._sessions[account]

    def _under(self, role: str, session: boto3.Session) -> boto3.Session:
        """A session under a role, assumed when the first call is made and renewed before it ends."""

        def client(name: str, **keys: str | None) -> Any:
            return session.client(
                name, region_name=self._region, endpoint_url=self.endpoint or None, config=self._config(), **keys
            )

        fetcher = AssumeRoleCredentialFetcher(
            client, session.get_credentials(), role, extra_args={"RoleSessionName": _SESSION_NAME}
        )
        inner = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
        inner._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
        return boto3.Session(botocore_session=inner)

    def _local_session(self, account: str) -> boto3.Session:
        """A session that reads no profile: AWS_PROFILE may name one that is meant for AWS, or none at all."""
        session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
        return boto3.Session(
            botocore_session=session,
            aws_access_key_id=account,
            aws_secret_access_key=account,  # any secret will do
        )

    def _config(self) -> Config:
        timeouts = {"connect_timeout": 10, "read_timeout": 120}
        retries = {"mode": "standard", "max_attempts": 5}
        if not self.endpoint:
            return Config(retries=retries, **timeouts)
        # mwaa's operations carry a host prefix (`api.`), which a loopback address cannot have.
        return Config(retries=retries, inject_host_prefix=False, s3={"addressing_style": "path"}, **timeouts)
