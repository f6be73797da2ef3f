"""The rules that a connection to another account keeps. Pure: what is read is passed in.

Airflow's hooks use the worker's own credentials when a connection is unknown, or names no role. In a hub that
means: a typing error writes into the hub's account. Each rule here ends in an error before any call is made.
"""

from __future__ import annotations

import re

from crosswind.errors import InputError, WrongAccountError

__all__ = ["LONGEST_CHAINED", "account_of_role", "require_account", "require_connection", "require_duration"]

LONGEST_CHAINED = 3600
"""Seconds that a role assumed by another role's session may last, whatever the role allows.

Source: docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html (role chaining).
"""
_ROLE = re.compile(r"arn:[a-z0-9-]+:iam::(\d{12}):role/.+")


def account_of_role(role_arn: str) -> str:
    """The account id in a role's ARN, of any partition; raises InputError when it is none."""
    found = _ROLE.fullmatch(role_arn)
    if not found:
        raise InputError(
            f"role_arn {role_arn!r} is not the ARN of an IAM role",
            hint="write arn:aws:iam::<account>:role/<name> in the connection's extra",
        )
    return found.group(1)


def require_connection(
    conn_id: str | None, *, found: bool, role_arn: str | None, region: str | None, account: str | None = None
) -> tuple[str, str]:
    """Check a connection and give the (account, Region) in which it acts.

    Args:
        conn_id: the connection's id, None when none was given.
        found: whether Airflow knows a connection of that id.
        role_arn: the role in its extra.
        region: the Region in force, from the task or the connection's extra.
        account: the account declared for it; None when only the role says so.

    Raises:
        InputError: no connection, an unknown one, no role, no Region.
        WrongAccountError: the role is in another account than declared.
    """
    if not conn_id:
        raise InputError(
            "no aws_conn_id: the task would act with Airflow's own credentials",
            hint="give the connection of the site where the task works",
        )
    if not found:
        raise InputError(
            f"connection {conn_id!r} is unknown: the task would act with Airflow's own credentials",
            hint=f"the secret airflow/connections/{conn_id} is missing or cannot be read",
        )
    if not role_arn:
        raise InputError(
            f"connection {conn_id!r} has no role_arn: the task would act in Airflow's own account",
            hint="put the cross-account role's ARN into the connection's extra as role_arn",
        )
    if not region:
        raise InputError(f"connection {conn_id!r} has no region_name", hint="put it into its extra")
    actual = account_of_role(role_arn)
    require_account(conn_id, actual=actual, expected=account or actual, who=role_arn)
    return actual, region


def require_duration(conn_id: str, seconds: object) -> None:
    """Raise InputError when a connection asks for a longer session than role chaining gives.

    Airflow's own identity is a role, so each role that it assumes is chained. AWS refuses the call; said here, it is
    said before any call and with the reason. The session is renewed before it ends, so a longer one serves nothing.

    Args:
        conn_id: the connection's id.
        seconds: `DurationSeconds` of its `assume_role_kwargs`; None when it has none.
    """
    if seconds is not None and int(str(seconds)) > LONGEST_CHAINED:
        raise InputError(
            f"connection {conn_id!r} asks for DurationSeconds {seconds}; a chained role lasts at most"
            f" {LONGEST_CHAINED} seconds",
            hint="leave DurationSeconds out of its assume_role_kwargs: sessions are renewed before they end",
        )


def require_account(conn_id: str, *, actual: str, expected: str, who: str) -> None:
    """Raise WrongAccountError unless `who` (an ARN), reached by a connection, is of the expected account."""
    if actual != expected:
        raise WrongAccountError(
            f"connection {conn_id!r} acts in account {actual} as {who}; expected account {expected}",
            hint="nothing was changed; correct the connection's role_arn, or the account declared for it",
        )
