"""Assumed sessions: one for each (DAG run, target) in a process, whoever of its hooks and clients asks for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.config import Config

from crosswind.airflow.accounts import account_of_role, require_account, require_connection, require_duration
from crosswind.airflow.denials import show_denials
from crosswind.airflow.hooks.sessions import KeptSessions, share_models
from crosswind.airflow.naming import source_identity, tag_value
from crosswind.airflow.settings import TopologyNames
from crosswind.airflow.target import AwsTarget
from crosswind.aws import translated
from crosswind.errors import InputError

__all__ = [
    "AssumedSession",
    "CrossAccountHook",
    "SharedSession",
    "TargetClients",
    "clients_of",
    "forget",
    "target_of_connection",
]


class AssumedSession:
    """A mixin for Airflow's AWS hooks: the session of the connection's role, asserted.

    Fails closed: an unknown connection, none, one without role or Region, or a role of another account is an
    error before any call; credentials that act in another account are one before any call but AssumeRole and
    GetCallerIdentity.

    Args:
        target: where the hook acts, and for which DAG run; the session is then the one that the process has for it.
            Without, the hook has a session of its own.
        account_id: the account in which the hook must act; by default that of the connection's role.
        session_name: the RoleSessionName; by default the connection's own, or Airflow's.
        args, kwargs: as for Airflow's hook; not `aws_conn_id` and `region_name` when a target is given.
    """

    def __init__(
        self,
        *args: Any,
        target: AwsTarget | None = None,
        account_id: str | None = None,
        session_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.target = target
        self.expected_account = target.account if target else account_id
        self.session_name = target.session_name if target else session_name
        self._checked: Any = None
        self._own: Any = None
        show_denials()
        if target:
            kwargs |= {"aws_conn_id": target.connection, "region_name": target.region}
        super().__init__(*args, **kwargs)

    @property
    def conn_config(self) -> Any:
        """The connection, checked, and with the names of the session."""
        # Airflow's is a cached property, which keeps the connection before anyone could refuse it: a second
        # look would find it there. So the checked one is kept apart, and only it is ever given out.
        if self._checked is None:
            config = super().conn_config  # type: ignore[misc]  # the mixin stands before an Airflow hook
            require_connection(
                self.aws_conn_id,  # type: ignore[attr-defined]  # set by the Airflow hook
                found=bool(config),
                role_arn=config.role_arn,
                region=config.region_name,
                account=self.expected_account,
            )
            require_duration(config.conn_id, config.assume_role_kwargs.get("DurationSeconds"))
            config.assume_role_kwargs = self._named(config.assume_role_kwargs)
            self._checked = config
        return self._checked

    def get_session(self, region_name: str | None = None, deferrable: bool = False) -> Any:
        """The one session (boto3), or one of aiobotocore when `deferrable`; always the hook's Region."""
        region = self.conn_config.region_name
        if region_name not in (None, region):
            raise InputError(
                f"the hook acts in Region {region} and was asked for {region_name}",
                hint="one connection and one hook for each account and Region",
            )
        if deferrable:
            return super().get_session(region_name=region, deferrable=True)  # type: ignore[misc]  # as above
        if self.target:
            return _SESSIONS.of(self.target).get(self.assume)
        if self._own is None:
            self._own = self.assume()
        return self._own

    def assume(self) -> Any:
        """A new session of the connection's role, renewed by botocore before it ends; its account asserted."""
        config = self.conn_config
        with translated(f"assume {config.role_arn} by connection {config.conn_id!r}"):
            session = super().get_session(region_name=config.region_name)  # type: ignore[misc]  # as above
            share_models(session)
            caller = session.client(
                "sts",
                endpoint_url=config.get_service_endpoint_url("sts"),
                config=config.botocore_config,
                verify=config.verify,
            ).get_caller_identity()
        require_account(
            config.conn_id,
            actual=caller["Account"],
            expected=self.expected_account or account_of_role(config.role_arn),
            who=caller["Arn"],
        )
        return session

    def _named(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What AssumeRole is told: the connection's own words, and who acts.

        Source identity and tags need `sts:SetSourceIdentity` and `sts:TagSession` in the role's trust. The roles that
        `crosswind deploy` makes grant them, so they are sent to declared sites alone; elsewhere the name must do.
        """
        named = dict(given)
        if self.session_name:
            named["RoleSessionName"] = self.session_name
        if self.target and self.target.site and self.target.dag_id:
            tags = {"crosswind:dag": self.target.dag_id, "crosswind:run": self.target.run_id}
            own = [tag for tag in named.get("Tags", []) if tag["Key"] not in tags]
            named["Tags"] = own + [{"Key": key, "Value": tag_value(value)} for key, value in tags.items()]
            named["SourceIdentity"] = source_identity(self.target.dag_id)
        return named


class SharedSession:
    """A mixin for hooks inside another: connection, settings and session are the owner's.

    Args:
        owner: a hook with an AssumedSession.
        kwargs: as for Airflow's hook.
    """

    def __init__(self, *, owner: AssumedSession, **kwargs: Any) -> None:
        super().__init__(aws_conn_id=owner.aws_conn_id, **kwargs)  # type: ignore[attr-defined, call-arg]  # as above
        self._owner = owner

    @property
    def conn_config(self) -> Any:
        """The owner's connection."""
        return self._owner.conn_config

    def get_session(self, region_name: str | None = None, deferrable: bool = False) -> Any:
        """The owner's session."""
        return self._owner.get_session(region_name=region_name, deferrable=deferrable)


class CrossAccountHook(AssumedSession, AwsBaseHook):
    """Clients of any service in another account, all from one assumed session.

    Example: `CrossAccountHook("aws_crossaccount_role_conn_east1", account_id="222222222222").client("s3")`.
    """

    def client(self, service: str, config: Config | None = None) -> Any:
        """A boto3 client of `service` in the hook's account and Region; `config` goes over the hook's own."""
        session = self.get_session()
        base = self._get_config()
        return session.client(
            service,
            endpoint_url=self.conn_config.get_service_endpoint_url(service),
            config=base.merge(config) if config else base,
            verify=self.verify,
        )


class TargetClients:
    """The clients of one target, from the session that the process has for it. Safe to use from several threads.

    Those of S3 name the target's account as the owner that they expect of a bucket, unless the call names another:
    bucket names are guessable, and anybody may make one that has become free. A stranger's bucket answers 403.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html.

    Args:
        target: where, and for which DAG run.
        hook: the target's hook, with the connection's endpoint, `verify` and configuration.
    """

    def __init__(self, target: AwsTarget, hook: CrossAccountHook) -> None:
        self.target = target
        self._hook = hook
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, config: Config | None = None) -> Any:
        """A client in the target's account and Region; the same one however often it is asked for.

        Args:
            service: boto3's name of the service.
            config: what to set besides the connection's configuration, such as a longer time-out.
        """
        key = (service, json.dumps(config._user_provided_options, sort_keys=True, default=str) if config else "")
        with _SESSIONS.of(self.target).lock:  # boto3 sessions are not safe to make clients from in several threads
            if key not in self._clients:
                made = self._hook.client(service, config)
                if service == "s3":
                    made.meta.events.register("before-parameter-build.s3", self._expect_owner)
                self._clients[key] = made
            return self._clients[key]

    def _expect_owner(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if "ExpectedBucketOwner" in model.input_shape.members:
            params.setdefault("ExpectedBucketOwner", self.target.account)


_SESSIONS = KeptSessions()


def clients_of(
    target: AwsTarget, *, verify: bool | str | None = None, botocore_config: Mapping[str, Any] | None = None
) -> TargetClients:
    """The clients of a target: at most one AssumeRole for it in this process, however often this is called.

    The session is named after the DAG run, asserted to act in the target's account, and renewed before it ends.
    Endpoint, `verify` and configuration are the connection's.

    Args:
        target: where, and for which DAG run.
        verify: instead of the connection's.
        botocore_config: arguments of botocore's Config, instead of the connection's.
    """
    entry = _SESSIONS.of(target)
    key = json.dumps([verify, botocore_config], sort_keys=True)
    with entry.lock:
        if key not in entry.clients:
            config = dict(botocore_config) if botocore_config else None
            entry.clients[key] = TargetClients(target, CrossAccountHook(target=target, verify=verify, config=config))
        found: TargetClients = entry.clients[key]
    return found


def forget(target: AwsTarget) -> None:
    """Drop a target's session: its credentials were refused as expired, and the next call makes new ones."""
    _SESSIONS.forget(target)


def target_of_connection(
    conn_id: str,
    context: Any,
    *,
    account_id: str | None = None,
    region_name: str | None = None,
    names: TopologyNames | None = None,
) -> AwsTarget:
    """Where a connection leads, for the running task; a declared one is its site's.

    Args:
        conn_id: the connection.
        context: Airflow's task context.
        account_id: the account expected; by default that of the connection's role.
        region_name: the Region, when not the connection's.
        names: the topology's, to know which connections are declared.

    Raises:
        InputError: an unknown connection, or one without role or Region.
        WrongAccountError: its role is in another account.
    """
    config = CrossAccountHook(conn_id, region_name=region_name, account_id=account_id).conn_config
    account, ti = account_of_role(config.role_arn), context["ti"]
    site = names.connections.get(conn_id) if names else None
    declared = site and (site.account, site.region) == (account, config.region_name)
    return AwsTarget(account, config.region_name, conn_id, ti.dag_id, ti.run_id, site.name if site and declared else "")
