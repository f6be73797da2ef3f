"""Documents, parsed once: the same text means the same policy for as long as it is kept."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from crosswind.iam import Policy, PolicyError, PolicyKind, parse
from crosswind.local.authorization.documents import Document

__all__ = ["ParsedPolicies", "UnreadablePolicyError"]

_NO_IDS: Mapping[str, str] = {}


class UnreadablePolicyError(Exception):
    """A document in the state that IAM cannot read. Nothing may be decided with it.

    Args:
        document: which.
        kind: what it is attached to.
        reason: what is wrong with it.
    """

    def __init__(self, document: Document, kind: PolicyKind, reason: str) -> None:
        whose = f" of account {document.account}" if document.account else ""
        self.document = document
        self.kind = kind
        super().__init__(f"the {kind.value} {document.name!r}{whose} cannot be read: {reason}")


class ParsedPolicies:
    """Parses documents and keeps the results. Thread-safe.

    Args:
        keep: how many; the oldest are forgotten first.
    """

    def __init__(self, keep: int = 8192) -> None:
        self._keep = keep
        self._kept: dict[tuple[Any, ...], Policy] = {}
        self._lock = threading.Lock()

    def of(self, document: Document, kind: PolicyKind, ids: Mapping[str, str] = _NO_IDS) -> Policy:
        """The policy that a document is.

        Args:
            document: as it is stored.
            kind: what it is attached to.
            ids: the unique ids behind the principals that it names.

        Raises:
            UnreadablePolicyError: it is no policy.
        """
        # A text that moto still holds keeps its hash, and is found by identity: no character is looked at again.
        bound = tuple(sorted(ids.items())) if ids else ()
        key = (document, kind, bound)
        found = self._kept.get(key)
        if found is None:
            found = _parsed(document, kind, ids)
            with self._lock:
                self._kept[key] = found
                while len(self._kept) > self._keep:
                    del self._kept[next(iter(self._kept))]
        return found


def _parsed(document: Document, kind: PolicyKind, ids: Mapping[str, str]) -> Policy:
    text = document.text
    try:
        written = text.decode() if isinstance(text, bytes) else text
        return parse(written, kind, name=document.name, arn=document.arn, account=document.account, ids=ids)
    except PolicyError as error:
        raise UnreadablePolicyError(document, kind, error.message) from error
    except UnicodeDecodeError as error:
        raise UnreadablePolicyError(document, kind, "it is no UTF-8") from error
