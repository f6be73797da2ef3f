"""Where a request's template comes from: its body, S3, or the stack itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from crosswind.local.cloudformation.faults import invalid
from crosswind.local.cloudformation.providers.contract import ClientMaker
from crosswind.local.edge.call import Credentials

__all__ = ["MAX_BODY", "MAX_FILE", "template_text"]

MAX_BODY = 51_200
MAX_FILE = 1_048_576
_VIRTUAL = re.compile(
    r"(?P<bucket>[a-z0-9][a-z0-9.-]+)\.s3[.-](?:dualstack\.)?(?:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.)?amazonaws\.com(?:\.cn)?"
)
_PATH = re.compile(r"s3[.-](?:dualstack\.)?(?:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.)?amazonaws\.com(?:\.cn)?")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def template_text(
    parameters: Mapping[str, Any], clients: ClientMaker, region: str, credentials: Credentials
) -> str | None:
    """The template's text; None when the request gives none.

    Args:
        parameters: the request, with `TemplateBody` or `TemplateURL`.
        clients: AWS, through the edge.
        region: where the object is when the URL does not say so.
        credentials: the caller's: the object is read with the caller's rights.

    Raises:
        ServiceError: `ValidationError` for both, for a text that is too long, or an object that cannot be read.
    """
    body, url = parameters.get("TemplateBody"), parameters.get("TemplateURL")
    if body is not None and url is not None:
        raise invalid("Only one of Template URL or Template Body may be specified.")
    if body is not None:
        _check_size(str(body), MAX_BODY)
        return str(body)
    if url is None:
        return None
    text = _fetched(str(url), clients, region, credentials)
    _check_size(text, MAX_FILE)
    return text


def _check_size(text: str, limit: int) -> None:
    if len(text.encode()) > limit:
        raise invalid(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
            f"Member must have length less than or equal to {limit}"
        )


def _fetched(url: str, clients: ClientMaker, region: str, credentials: Credentials) -> str:
    bucket, key, version, where = _place(url, region)
    extra = {"VersionId": version} if version else {}
    try:
        answer = clients.client("s3", where, credentials).get_object(Bucket=bucket, Key=key, **extra)
        return str(answer["Body"].read().decode())
    except ClientError as error:
        raise invalid(f"S3 error: {error.response.get('Error', {}).get('Message', error)}") from error
    except (BotoCoreError, UnicodeDecodeError) as error:
        raise invalid(f"S3 error: {error}") from error


def _place(url: str, region: str) -> tuple[str, str, str, str]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    path = unquote(parts.path.lstrip("/"))
    version = parse_qs(parts.query).get("versionId", [""])[0]
    if match := _VIRTUAL.fullmatch(host):
        return match["bucket"], path, version, match["region"] or region
    match = _PATH.fullmatch(host)
    if (match or host in _LOOPBACK) and "/" in path:
        bucket, key = path.split("/", 1)
        return bucket, key, version, (match["region"] if match else "") or region
    raise invalid("TemplateURL must be a supported URL.")
