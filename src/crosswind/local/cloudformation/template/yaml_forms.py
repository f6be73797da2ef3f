"""CloudFormation's YAML: short forms (`!Ref x`) become their long forms, dates stay text, a key twice is refused."""

from __future__ import annotations

from typing import Any

import yaml

__all__ = ["load_yaml"]

_PLAIN_TAGS = {"Ref", "Condition"}


class _Loader(yaml.SafeLoader):
    """SafeLoader with CloudFormation's tags; its resolvers are changed below, so it is a class of its own."""


def load_yaml(text: str) -> Any:
    """Read a YAML template.

    Raises:
        yaml.YAMLError: when it is not well-formed.
    """
    return yaml.load(text, Loader=_Loader)  # noqa: S506  (a SafeLoader with more tags, still without objects)


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in _PLAIN_TAGS else f"Fn::{suffix}"
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = str(value).split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:
        raise yaml.constructor.ConstructorError(None, None, f"cannot read !{suffix}", node.start_mark)
    return {name: value}


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    result: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in result:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key} is there twice", key_node.start_mark)
        result[key] = loader.construct_object(value_node, deep=True)
    return result


# A date such as 2012-10-17 (a policy's Version) is text in CloudFormation.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_multi_constructor("!", _short_form)
