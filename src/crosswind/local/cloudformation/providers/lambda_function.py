"""AWS::Lambda::Function."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from crosswind.local.cloudformation.providers.calls import (
    changed,
    offering,
    picked,
    tag_changes,
    tag_map,
    texts,
    unless_gone,
)
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties, ResourceError

__all__ = ["LambdaFunction"]

_STABLE_SECONDS = 120.0
# What a dropped property goes back to. Source: the Lambda API's UpdateFunctionConfiguration page.
_DEFAULTS: dict[str, Any] = {
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "MemorySize": 128,
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
}
_SETTINGS = (*_DEFAULTS, "Handler", "LoggingConfig", "Role", "Runtime")
_ONCE = ("PackageType",)


class LambdaFunction:
    """A function from inline code or from a zip file in S3."""

    type_name = "AWS::Lambda::Function"
    offers = offering(
        "Architectures",
        "FunctionName",
        "ReservedConcurrentExecutions",
        "Tags",
        *_SETTINGS,
        *_ONCE,
        Code=offering("S3Bucket", "S3Key", "S3ObjectVersion", "ZipFile"),
    )
    attributes = frozenset({"Arn"})
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Made:
        client = context.client("lambda")
        name = str(properties.get("FunctionName") or context.name(64))
        extra = {"Tags": tag_map(properties["Tags"])} if properties.get("Tags") else {}
        client.create_function(
            FunctionName=name,
            Code=_code(properties),
            **_settings(properties, "Architectures", *_ONCE),
            **extra,
        )
        context.made(name)
        self._limit(client, name, {}, properties)
        return Made(name, {"Arn": _stable(client, name, context)})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        client = context.client("lambda")
        if changed(old, new, "Code", "Architectures"):
            client.update_function_code(FunctionName=physical_id, **_code(new), **picked(new, "Architectures"))
            _stable(client, physical_id, context)
        if changed(old, new, *_SETTINGS):
            wanted = {**{key: value for key, value in _DEFAULTS.items() if key in old}, **_settings(new)}
            client.update_function_configuration(FunctionName=physical_id, **wanted)
        arn = _stable(client, physical_id, context)
        self._limit(client, physical_id, old, new)
        set_tags, drop_tags = tag_changes(old, new)
        if set_tags:
            client.tag_resource(Resource=arn, Tags=set_tags)
        if drop_tags:
            client.untag_resource(Resource=arn, TagKeys=drop_tags)
        return Made(physical_id, {"Arn": arn})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("lambda").delete_function(FunctionName=physical_id)

    def _limit(self, client: Any, name: str, old: Properties, new: Properties) -> None:
        if not changed(old, new, "ReservedConcurrentExecutions"):
            return
        if "ReservedConcurrentExecutions" in new:
            client.put_function_concurrency(
                FunctionName=name, ReservedConcurrentExecutions=new["ReservedConcurrentExecutions"]
            )
        else:
            client.delete_function_concurrency(FunctionName=name)


def _settings(properties: Properties, *more: str) -> dict[str, Any]:
    found = picked(properties, *_SETTINGS, *more)
    if "Variables" in found.get("Environment", {}):
        found["Environment"] = {"Variables": texts(found["Environment"]["Variables"])}
    return found


def _code(properties: Properties) -> dict[str, Any]:
    code = properties["Code"]
    if "ZipFile" not in code:
        return dict(code)
    runtime = str(properties.get("Runtime", ""))
    if not runtime.startswith(("python", "nodejs")):
        raise ResourceError(
            f"ZipFile can only be used when Runtime is set to either of nodejs or python runtimes, not {runtime!r}.",
            "InvalidRequest",
        )
    # Fixed time and mode: the same text always gives the same zip file, so the same CodeSha256.
    entry = zipfile.ZipInfo("index.py" if runtime.startswith("python") else "index.js", (1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(entry, str(code["ZipFile"]))
    return {"ZipFile": packed.getvalue()}


def _stable(client: Any, name: str, context: Context) -> str:
    """Wait until the function is active and its last update is through; return its ARN."""
    seen: dict[str, Any] = {}

    def ready() -> bool:
        seen.clear()
        seen.update(client.get_function_configuration(FunctionName=name))
        if "Failed" in (seen.get("State"), seen.get("LastUpdateStatus")):
            reason = seen.get("StateReason") or seen.get("LastUpdateStatusReason") or "no reason given"
            raise ResourceError(f"Function {name} failed: {reason}", "NotStabilized")
        states = (seen.get("State", "Active"), seen.get("LastUpdateStatus", "Successful"))
        return states == ("Active", "Successful")

    context.wait(ready, seconds=_STABLE_SECONDS, what=f"Function {name}")
    return str(seen["FunctionArn"])
