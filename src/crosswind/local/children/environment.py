"""What a child finds in its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["clean_environment"]

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT")


def clean_environment(extra: Mapping[str, str], *, home: Path, endpoint: str = "", region: str = "") -> dict[str, str]:
    """The environment of a child: what is meant and nothing inherited by chance.

    No `AWS_*` variable of the world's own process passes. The shared credentials and configuration files are
    the null device, since botocore reads them before it asks a container-credentials endpoint.

    Args:
        extra: variables of the caller's own, which win over all others.
        home: the job's folder; HOME, and its `tmp` is TMPDIR.
        endpoint: the edge's URL; empty for a child that calls no AWS service.
        region: the child's Region; empty for none.

    Returns:
        The whole environment.
    """
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment.setdefault("PATH", os.defpath)
    environment.setdefault("LANG", "C.UTF-8")
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    environment |= {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
    }
    if endpoint:
        environment["AWS_ENDPOINT_URL"] = endpoint
        # Sail's object store refuses plain HTTP otherwise.
        environment["AWS_ALLOW_HTTP"] = "true"
    if region:
        environment |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    return environment | dict(extra)
