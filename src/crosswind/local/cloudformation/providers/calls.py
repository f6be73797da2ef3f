"""Small shared moves of the providers: changed properties, tags, missing resources."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from crosswind.local.cloudformation.providers.contract import ANY, Offer, Properties

__all__ = [
    "changed",
    "document",
    "error_code",
    "offering",
    "picked",
    "tag_changes",
    "tag_list",
    "tag_map",
    "unless_gone",
]

_GONE_SUFFIXES = (".NotFound",)
_GONE = {
    "404",
    "AWS.SimpleQueueService.NonExistentQueue",
    "EntityNotFoundException",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchEntity",
    "NotFoundException",
    "ResourceNotFoundException",
}


def offering(*whole: str, **parts: Offer) -> Offer:
    """An offer: properties applied whole, and properties of which only the named parts are applied."""
    return {**dict.fromkeys(whole, ANY), **parts}


def error_code(error: ClientError) -> str:
    """The service's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def unless_gone() -> Iterator[None]:
    """Pass over an error that says that the resource is not there."""
    try:
        yield
    except ClientError as error:
        code = error_code(error)
        if code not in _GONE and not code.endswith(_GONE_SUFFIXES):
            raise


def changed(old: Properties, new: Properties, *names: str) -> bool:
    """Whether any of these properties differs."""
    return any(old.get(name) != new.get(name) for name in names)


def picked(properties: Properties, *names: str) -> dict[str, Any]:
    """Those of the named properties that are there."""
    return {name: properties[name] for name in names if name in properties}


def document(value: Any) -> str:
    """A policy document as the text that the API takes."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def tag_map(tags: Any) -> dict[str, str]:
    """Tags of either spelling as a map."""
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags or ()}


def tag_list(tags: Any) -> list[dict[str, str]]:
    """Tags of either spelling as a list of `Key` and `Value`."""
    return [{"Key": key, "Value": value} for key, value in tag_map(tags).items()]


def tag_changes(old: Properties, new: Properties) -> tuple[dict[str, str], list[str]]:
    """The tags to set and the keys to take away."""
    before, after = tag_map(old.get("Tags")), tag_map(new.get("Tags"))
    return (
        {key: value for key, value in after.items() if before.get(key) != value},
        [key for key in before if key not in after],
    )


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    """A map whose values are all texts, where AWS's schema lets anything pass: `true`, `5`."""
    return {
        str(key): ("true" if value else "false") if isinstance(value, bool) else str(value)
        for key, value in values.items()
    }
