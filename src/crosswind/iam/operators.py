"""The condition operators: how a policy's value and a request's value are read and compared.

docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from crosswind.iam.match import arn_segments, glob
from crosswind.iam.variables import Piece

__all__ = ["NULL", "OPERATORS", "Operator", "names"]

NULL = "Null"


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator.

    Args:
        name: as AWS spells it.
        negated: such as StringNotEquals; it holds when no value matches, and when the key is absent.
        variables: whether policy variables may stand in its values.
        wanted: reads the pieces of a policy's value; ValueError when it is malformed.
        actual: reads a request's value; ValueError when it is malformed.
        holds: whether the two, in this order, agree.
    """

    name: str
    negated: bool
    variables: bool
    wanted: Callable[[tuple[Piece, ...]], Any]
    actual: Callable[[str], Any]
    holds: Callable[[Any, Any], bool]


def names() -> tuple[str, ...]:
    """Every operator's name, Null included."""
    return (*(each.name for each in OPERATORS.values()), NULL)


def _text(pieces: tuple[Piece, ...]) -> str:
    return "".join(piece.text for piece in pieces)


def _folded(pieces: tuple[Piece, ...]) -> str:
    return _text(pieces).casefold()


@lru_cache(maxsize=4096)
def _like(pieces: tuple[Piece, ...]) -> re.Pattern[str]:
    return re.compile(glob(pieces), re.DOTALL)


@lru_cache(maxsize=4096)
def _arn(pieces: tuple[Piece, ...]) -> re.Pattern[str]:
    return re.compile(arn_segments(pieces), re.DOTALL)


def _matches(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.fullmatch(text) is not None


_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is no number")
    return Decimal(text.strip())


_MONTH = re.compile(r"\d{4}-\d{2}")
_YEAR = re.compile(r"\d{4}")


@lru_cache(maxsize=4096)
def _date(text: str) -> Decimal:
    """Seconds since 1970 of a W3C date (`2026`, `2026-11`, `2026-11-22`, `2026-11-22T10:00:00Z`) or of epoch time."""
    text = text.strip()
    if _NUMBER.fullmatch(text) and not _YEAR.fullmatch(text):
        return Decimal(text)
    whole = f"{text}-01-01" if _YEAR.fullmatch(text) else f"{text}-01" if _MONTH.fullmatch(text) else text
    try:
        moment = datetime.fromisoformat(whole)
    except ValueError as error:
        raise ValueError(f"{text!r} is no date: expected such as 2026-11-22T10:00:00Z, or epoch seconds") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return Decimal(str(moment.timestamp()))


def _bool(text: str) -> bool:
    folded = text.strip().lower()
    if folded not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return folded == "true"


Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _network(text: str) -> Network:
    return ipaddress.ip_network(text.strip(), strict=False)


@lru_cache(maxsize=4096)
def _address(text: str) -> Address:
    return ipaddress.ip_address(text.strip())


def _contains(network: Network, address: Address) -> bool:
    return address.version == network.version and address in network


def _binary(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"{text!r} is not base64") from error


def _raw(text: str) -> bytes:
    """A request's binary value: base64, as in a policy; anything else stands for its own bytes."""
    try:
        return _binary(text)
    except ValueError:
        return text.encode()


def _same(text: str) -> str:
    return text


def _plain(read: Callable[[str], Any]) -> Callable[[tuple[Piece, ...]], Any]:
    return lambda pieces: read(_text(pieces))


def _ordered(kind: str, read: Callable[[str], Any]) -> list[Operator]:
    """The six comparisons of numbers or dates. `holds` gets the policy's value first, so that the order is turned."""
    comparisons: dict[str, Callable[[Any, Any], bool]] = {
        "Equals": operator.eq,
        "NotEquals": operator.eq,
        "LessThan": operator.gt,
        "LessThanEquals": operator.ge,
        "GreaterThan": operator.lt,
        "GreaterThanEquals": operator.le,
    }
    return [
        Operator(f"{kind}{name}", name == "NotEquals", variables=False, wanted=_plain(read), actual=read, holds=holds)
        for name, holds in comparisons.items()
    ]


_ALL = [
    Operator("StringEquals", False, True, _text, _same, operator.eq),
    Operator("StringNotEquals", True, True, _text, _same, operator.eq),
    Operator("StringEqualsIgnoreCase", False, True, _folded, str.casefold, operator.eq),
    Operator("StringNotEqualsIgnoreCase", True, True, _folded, str.casefold, operator.eq),
    Operator("StringLike", False, True, _like, _same, _matches),
    Operator("StringNotLike", True, True, _like, _same, _matches),
    *_ordered("Numeric", _number),
    *_ordered("Date", _date),
    Operator("Bool", False, True, _plain(_bool), _bool, operator.eq),
    Operator("BinaryEquals", False, False, _plain(_binary), _raw, operator.eq),
    Operator("IpAddress", False, False, _plain(_network), _address, _contains),
    Operator("NotIpAddress", True, False, _plain(_network), _address, _contains),
    # AWS compares ArnEquals and ArnLike alike: both take wildcards.
    Operator("ArnEquals", False, True, _arn, _same, _matches),
    Operator("ArnLike", False, True, _arn, _same, _matches),
    Operator("ArnNotEquals", True, True, _arn, _same, _matches),
    Operator("ArnNotLike", True, True, _arn, _same, _matches),
]

OPERATORS = {each.name.lower(): each for each in _ALL}
