"""The environment variables that point AWS clients at the local world."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["exports"]


def exports(endpoint: str, account: str, region: str, keys: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables for boto3, the AWS CLI and others.

    Args:
        endpoint: the world's URL.
        account: the 12-digit id; it is the access key of that account's root.
        region: the default Region.
        keys: a role session's keys as sts:AssumeRole returns them; the account's root when None.
    """
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"] if keys else account,
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"] if keys else "local",
        "AWS_SESSION_TOKEN": keys["SessionToken"] if keys else "",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        # mwaa's operations carry a host prefix (`api.`), which a loopback address cannot have.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
    }
