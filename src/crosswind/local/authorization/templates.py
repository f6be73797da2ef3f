"""Patterns of resources: `job/{JobName}`, filled from a call's parameters."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crosswind.local.authorization.asking import Ask
from crosswind.local.edge.call import ServiceError
from crosswind.local.protocol import require

__all__ = ["Template", "templates"]

_HOLDS_ARN = re.compile(r"(?:arn|identifier)s?(?:$|\|)", re.IGNORECASE)
_FIELD = re.compile(r"\{([^}]+)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """The pattern of one resource.

    Args:
        service: the ARN's service.
        pieces: literal texts and parameter paths in turn, beginning and ending with a text. The path `*` is `*`.
        regional: whether the ARN names a Region.
        owned: whether the ARN names an account.
        optional: when true, nothing is needed unless the call names the resource.
        made: when true, the resource is made by the call, so that it has no tags yet.
        whole: when true, the one path must hold a whole ARN; any path may.
    """

    service: str
    pieces: tuple[str, ...]
    regional: bool = True
    owned: bool = True
    optional: bool = False
    made: bool = False
    whole: bool = False

    @classmethod
    def of(cls, text: str, service: str) -> Template:
        """Read a pattern.

        Args:
            text: such as `table/{DatabaseName}/{Name}`; `{ResourceArn}` alone for a member that holds the whole
                ARN; with a `?` at its end for an optional resource, a `+` for one that the call makes. `{A|B}` takes
                A, else B.
            service: the ARN's service, such as `glue`.
        """
        optional, made = text.endswith("?"), text.endswith("+")
        pieces = tuple(_FIELD.split(text.rstrip("?+")))
        whole = not made and len(pieces) == 3 and pieces[0] == pieces[2] == ""
        return cls(service, pieces, True, True, optional, made, whole)

    def arns(self, ask: Ask) -> Iterator[str]:
        """The ARNs that a call names; one with `*` for what a required resource's name is not given."""
        paths = self.pieces[1::2]
        values = [self._values(ask, path) for path in paths]
        whole = [value for found in values for value in found if value.startswith("arn:")]
        if whole:
            self._check_places(paths, values)
            yield from (self._own(arn) for arn in whole)
            if len(paths) > 1:
                return
            values = [[value for value in values[0] if value not in whole]]
            if not values[0]:
                return
        if not all(values):
            if self.optional:
                return
            values = [found or ["*"] for found in values]
        region, account = ask.region if self.regional else "", ask.account if self.owned else ""
        head = f"arn:{ask.partition}:{self.service}:{region}:{account}:"
        for combined in itertools.product(*values):
            if self.whole and combined != ("*",):
                raise ServiceError("ValidationException", f"{combined[0]} is not an ARN.")
            yield head + "".join(itertools.chain.from_iterable(zip(self.pieces[::2], (*combined, ""), strict=True)))

    def _check_places(self, paths: Sequence[str], values: Sequence[Sequence[str]]) -> None:
        """Refuse an ARN where a name belongs: it would be judged in the place of all that the call names."""
        for index, (path, found) in enumerate(zip(paths, values, strict=True)):
            arns = [value for value in found if value.startswith("arn:")]
            if arns and ((index and not _HOLDS_ARN.search(path)) or (len(paths) > 1 and len(arns) < len(found))):
                raise ServiceError("ValidationException", f"{arns[0]} is not a name.")

    def _own(self, arn: str) -> str:
        # An ARN of another service would be held against statements that were never meant for it.
        if arn.split(":", 3)[2:3] != [self.service] or arn.count(":") < 5:
            raise ServiceError("ValidationException", f"{arn} is not an ARN of {self.service}.")
        return arn

    def _values(self, ask: Ask, path: str) -> list[str]:
        if path == "*":
            return ["*"]
        found = list(dict.fromkeys(ask.values(path)))
        if "|" in path:
            _agree(ask, path)
        if not found and not self.optional:
            # AWS refuses a call without a required member before it looks at rights.
            require(ask.call.service, ask.call.operation, ask.parameters)
        return found


def _agree(ask: Ask, path: str) -> None:
    """Refuse a call that names one resource twice, by name and by ARN, and means two."""
    given = {one: {_last(value) for value in ask.values(one)} for one in path.split("|")}
    given = {one: names for one, names in given.items() if names}
    if len(given) < 2 or not any(_HOLDS_ARN.search(one) for one in given):
        return
    first, *others = given.values()
    if any(other != first for other in others):
        raise ServiceError("ValidationException", f"{' and '.join(given)} name different resources.")


def _last(value: str) -> str:
    return re.split("[:/]", value.removesuffix(":*"))[-1]


def templates(text: str, service: str) -> Sequence[Template]:
    """Patterns that are parted by blanks."""
    return tuple(Template.of(one, service) for one in text.split())
