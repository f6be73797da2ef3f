"""One assumed session a hook, whoever of its clients asks for it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

from crosswind.airflow.accounts import require_account, require_connection
from crosswind.airflow.denials import show_denials
from crosswind.aws import translated
from crosswind.errors import InputError

__all__ = ["AssumedSession", "CrossAccountHook", "SharedSession"]


class AssumedSession:
    """A mixin for Airflow's AWS hooks: the session of the connection's role, made once and asserted.

    Fails closed: an unknown connection, none, one without role or Region, or a role of another account is an
    error before any call; credentials that act in another account are one before any call but AssumeRole and
    GetCallerIdentity.

    Args:
        account_id: the account in which the hook must act; by default that of the connection's role.
        session_name: the RoleSessionName; by default the connection's own, or Airflow's.
        args, kwargs: as for Airflow's hook.
    """

    def __init__(
        self, *args: Any, account_id: str | None = None, session_name: str | None = None, **kwargs: Any
    ) -> None:
        self.expected_account = account_id
        self.session_name = session_name
        self._checked: Any = None
        show_denials()
        super().__init__(*args, **kwargs)

    @property
    def conn_config(self) -> Any:
        """The connection, checked, and with the hook's session name."""
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
            if self.session_name:
                config.assume_role_kwargs = {
                    **config.assume_role_kwargs,
                    "RoleSessionName": self.session_name,
                }
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
        return self._session

    @cached_property
    def _session(self) -> Any:
        config = self.conn_config
        with translated(f"assume {config.role_arn} by connection {config.conn_id!r}"):
            session = super().get_session(region_name=config.region_name)  # type: ignore[misc]  # as above
            caller = session.client(
                "sts",
                endpoint_url=config.get_service_endpoint_url("sts"),
                config=config.botocore_config,
                verify=config.verify,
            ).get_caller_identity()
        _, _, _, _, account, _ = config.role_arn.split(":", 5)
        require_account(
            config.conn_id,
            actual=caller["Account"],
            expected=self.expected_account or account,
            who=caller["Arn"],
        )
        return session


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

    def client(self, service: str) -> Any:
        """A boto3 client of `service` in the hook's account and Region."""
        session = self.get_session()
        return session.client(
            service,
            endpoint_url=self.conn_config.get_service_endpoint_url(service),
            config=self._get_config(),
            verify=self.verify,
        )
