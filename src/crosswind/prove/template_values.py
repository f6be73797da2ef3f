"""Templates' intrinsic functions, resolved to the real names, Regions and accounts.

What CloudFormation knows only once a thing is made (the id of a key or a subnet, the suffix of a secret's ARN) gets a
stand-in of the right form, the same one wherever the thing is named. Everything else that cannot be resolved is an
error with its place, never a guess.

Sources: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html,
.../pseudo-parameter-reference.html, and the return values in each type's page of .../TemplateReference.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from crosswind.errors import Place
from crosswind.prove.physical_ids import attribute, physical_id
from crosswind.prove.template_conditions import truth
from crosswind.prove.template_form import check_shape, file_of, malformed
from crosswind.synth import Stack

__all__ = ["NOTHING", "TemplateValues"]

NOTHING = object()
"""What `AWS::NoValue` leaves behind."""

_SUFFIXES = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}
_NAMED = re.compile(r"\$\{(!?)([^}]+)\}")


class TemplateValues:
    """One template, resolved on demand.

    Args:
        stack: with its template.
        partition: of its account.
        feeds: the value of another stack's output, by stack, output and the place that asks.
        late: whether late needs are met.
    """

    def __init__(
        self, stack: Stack, partition: str, feeds: Callable[[str, str, Place], Any], *, late: bool = True
    ) -> None:
        self.stack = stack
        self.partition = partition
        check_shape(stack)
        self._feeds = feeds
        self._needs = {need.parameter: need for need in stack.needs if need.parameter and (late or not need.late)}
        self._conditions: dict[str, bool] = {}
        self._open: set[str] = set()
        self._functions: Mapping[str, Callable[[Any, str], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::If": self._if,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::FindInMap": self._find,
        }

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The resources that exist, by logical id, not resolved."""
        declared: Mapping[str, Mapping[str, Any]] = self.stack.template["Resources"]
        return {
            name: each
            for name, each in declared.items()
            if not each.get("Condition") or self._holds(each["Condition"], f"Resources.{name}.Condition")
        }

    def place(self, path: str) -> Place:
        """A path in the template's file."""
        return Place(file_of(self.stack), 0, path)

    def value(self, content: Any, path: str) -> Any:
        """Content with its intrinsic functions resolved; `NOTHING` for what is left out.

        Args:
            content: of the template.
            path: of it, for errors.

        Raises:
            InputError: it cannot be resolved.
        """
        if isinstance(content, list):
            found = (self.value(each, f"{path}[{index}]") for index, each in enumerate(content))
            return [each for each in found if each is not NOTHING]
        if not isinstance(content, dict):
            return content
        if len(content) == 1:
            ((name, inner),) = content.items()
            if name in self._functions:
                return self._applied(name, inner, path)
            if name.startswith("Fn::"):
                known = ", ".join(sorted(self._functions))
                raise malformed(self.place(path), f"{name} cannot be resolved here; known: {known}")
        items = {key: self.value(each, f"{path}.{key}") for key, each in content.items()}
        return {key: each for key, each in items.items() if each is not NOTHING}

    def _applied(self, name: str, inner: Any, path: str) -> Any:
        try:
            return self._functions[name](inner, path)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise malformed(
                self.place(path), f"{name} has another form than CloudFormation takes: {inner!r}"
            ) from error

    def text(self, content: Any, path: str) -> str:
        """Content that must resolve to text."""
        found = self.value(content, path)
        if not isinstance(found, str):
            raise malformed(self.place(path), f"text is wanted, not {found!r}")
        return found

    def output(self, name: str, asking: Place) -> Any:
        """An output's value.

        Raises:
            InputError: there is no such output, or it needs itself.
        """
        declared = self.stack.template.get("Outputs", {})
        if name not in declared:
            known = ", ".join(sorted(declared)) or "none"
            raise malformed(asking, f"the stack {self.stack.name} has no output {name}; its outputs: {known}")
        if name in self._open:
            raise malformed(asking, f"the output {name} of {self.stack.name} needs itself, by way of other stacks")
        self._open.add(name)
        try:
            return self.value(declared[name]["Value"], f"Outputs.{name}.Value")
        finally:
            self._open.discard(name)

    def arn(self, logical_id: str, path: str) -> str:
        """The ARN of a resource of this template."""
        return str(self._get_att([logical_id, "Arn"], path))

    def physical_id(self, logical_id: str, path: str) -> str:
        """What a `Ref` to a resource of this template is."""
        return str(self._ref(logical_id, path))

    def stand_in(self, logical_id: str) -> uuid.UUID:
        """What stands for an id that AWS will choose: the same for the same resource."""
        names = (self.stack.account, self.stack.region, self.stack.name, logical_id)
        return uuid.uuid5(uuid.NAMESPACE_URL, "/".join(names))

    def _ref(self, name: Any, path: str) -> Any:
        stack = self.stack
        pseudo = {
            "AWS::AccountId": stack.account,
            "AWS::NoValue": NOTHING,
            "AWS::Partition": self.partition,
            "AWS::Region": stack.region,
            "AWS::StackName": stack.name,
            "AWS::URLSuffix": _SUFFIXES[self.partition],
        }
        if name in pseudo:
            return pseudo[name]
        if name in stack.template.get("Parameters", {}):
            return self._parameter(name, path)
        return physical_id(self, name, self._declared(name, path), path)

    def _parameter(self, name: str, path: str) -> Any:
        stack, declared = self.stack, self.stack.template["Parameters"][name]
        if name in self._needs:
            need = self._needs[name]
            return self._feeds(need.stack, need.output, self.place(f"Parameters.{name}"))
        if name in stack.object_versions:
            return f"version-of-{stack.object_versions[name]}"
        if "Default" in declared:
            return declared["Default"]
        raise malformed(self.place(path), f"the parameter {name} has no default, and no stack feeds it")

    def _get_att(self, inner: Any, path: str) -> Any:
        logical_id, _, name = inner.partition(".") if isinstance(inner, str) else (inner[0], ".", inner[1])
        return attribute(self, logical_id, self._declared(logical_id, path), str(name), path)

    def _declared(self, logical_id: Any, path: str) -> Mapping[str, Any]:
        declared = self.stack.template["Resources"].get(logical_id)
        if declared is None:
            raise malformed(self.place(path), f"{logical_id} is neither a parameter nor a resource of the template")
        found: Mapping[str, Any] = declared
        return found

    def _sub(self, inner: Any, path: str) -> str:
        text, given = (inner, {}) if isinstance(inner, str) else inner

        def named(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            if name in given:
                return self.text(given[name], path)
            return str(self._get_att(name, path) if "." in name else self._ref(name, path))

        return _NAMED.sub(named, text)

    def _join(self, inner: Any, path: str) -> str:
        separator, parts = inner
        return str(separator).join(self.text(each, path) for each in self.value(parts, path))

    def _split(self, inner: Any, path: str) -> list[str]:
        return self.text(inner[1], path).split(inner[0])

    def _select(self, inner: Any, path: str) -> Any:
        found = self.value(inner[1], path)
        if not isinstance(found, list) or not 0 <= int(inner[0]) < len(found):
            raise malformed(self.place(path), f"Fn::Select has no item {inner[0]} in {found!r}")
        return found[int(inner[0])]

    def _find(self, inner: Any, path: str) -> Any:
        name, first, second = (self.text(each, path) for each in inner)
        try:
            return self.stack.template["Mappings"][name][first][second]
        except KeyError:
            raise malformed(self.place(path), f"there is no mapping {name}.{first}.{second}") from None

    def _if(self, inner: Any, path: str) -> Any:
        condition, then, otherwise = inner
        return self.value(then if self._holds(condition, path) else otherwise, path)

    def _holds(self, name: Any, path: str) -> bool:
        if name not in self._conditions:
            declared = self.stack.template.get("Conditions", {})
            if name not in declared:
                raise malformed(self.place(path), f"the condition {name} is not declared")
            try:
                self._conditions[name] = truth(declared[name], self._holds, self.value, f"Conditions.{name}")
            except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
                raise malformed(self.place(f"Conditions.{name}"), "this is no condition") from error
        return self._conditions[name]
