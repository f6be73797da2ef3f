"""AWS::SecretsManager::Secret."""

from __future__ import annotations

import json
from typing import Any

from crosswind.local.cloudformation.providers.calls import changed, offering, picked, tag_changes, tag_list, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties, ResourceError

__all__ = ["SecretsManagerSecret"]

_PASSWORD = (
    "ExcludeCharacters",
    "ExcludeLowercase",
    "ExcludeNumbers",
    "ExcludePunctuation",
    "ExcludeUppercase",
    "IncludeSpace",
    "PasswordLength",
    "RequireEachIncludedType",
)


class SecretsManagerSecret:
    """A secret with a given or a generated value; deleted at once, as CloudFormation does."""

    type_name = "AWS::SecretsManager::Secret"
    offers = offering(
        "Description",
        "KmsKeyId",
        "Name",
        "SecretString",
        "Tags",
        GenerateSecretString=offering("GenerateStringKey", "SecretStringTemplate", *_PASSWORD),
    )
    attributes = frozenset({"Id"})
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Made:
        client = context.client("secretsmanager")
        extra: dict[str, Any] = picked(properties, "Description", "KmsKeyId")
        if properties.get("Tags"):
            extra["Tags"] = tag_list(properties["Tags"])
        value = _value(client, properties)
        if value is not None:
            extra["SecretString"] = value
        arn = client.create_secret(Name=properties.get("Name") or context.name(512), **extra)["ARN"]
        context.made(arn)
        return Made(arn, {"Id": arn})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        client = context.client("secretsmanager")
        wanted: dict[str, Any] = {}
        if changed(old, new, "Description"):
            wanted["Description"] = new.get("Description", "")
        if changed(old, new, "KmsKeyId"):
            wanted["KmsKeyId"] = new.get("KmsKeyId", "alias/aws/secretsmanager")
        if changed(old, new, "SecretString", "GenerateSecretString"):
            value = _value(client, new)
            if value is not None:
                wanted["SecretString"] = value
        if wanted:
            client.update_secret(SecretId=physical_id, **wanted)
        set_tags, drop_tags = tag_changes(old, new)
        if set_tags:
            client.tag_resource(SecretId=physical_id, Tags=tag_list(set_tags))
        if drop_tags:
            client.untag_resource(SecretId=physical_id, TagKeys=drop_tags)
        return Made(physical_id, {"Id": physical_id})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("secretsmanager").delete_secret(SecretId=physical_id, ForceDeleteWithoutRecovery=True)


def _value(client: Any, properties: Properties) -> str | None:
    if "SecretString" in properties and "GenerateSecretString" in properties:
        raise ResourceError("You can't specify both SecretString and GenerateSecretString", "InvalidRequest")
    if "GenerateSecretString" not in properties:
        text = properties.get("SecretString")
        return None if text is None else str(text)
    wish = properties["GenerateSecretString"]
    password = str(client.get_random_password(**picked(wish, *_PASSWORD))["RandomPassword"])
    if "SecretStringTemplate" not in wish:
        return password
    return json.dumps({**json.loads(wish["SecretStringTemplate"]), wish["GenerateStringKey"]: password})
