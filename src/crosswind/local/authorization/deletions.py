"""DeleteObjects is judged object by object: what the caller may not delete stays, and the answer says which.

Source: docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html: the response lists each object that could not be
deleted as an `Error`; the request itself succeeds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from crosswind.iam import sentence
from crosswind.local.authorization.decisions import Decided
from crosswind.local.edge.call import Call, HttpResponse, Ruling
from crosswind.local.protocol import parse_input

__all__ = ["judged_deletions"]

_Target = tuple[str, str]  # key, version id or empty
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_CHECKSUMS = ("content-md5", "x-amz-checksum-", "x-amz-sdk-checksum-")


def judged_deletions(call: Call, decided: Sequence[Decided]) -> Ruling:
    """The ruling on a DeleteObjects of which some objects may not be deleted.

    Args:
        call: the call.
        decided: its rights, of which one at least is denied.
    """
    asked = parse_input("s3", "DeleteObjects", call.http).get("Delete", {})
    targets = [(str(item["Key"]), str(item.get("VersionId", ""))) for item in asked.get("Objects", ())]
    refused = _refused(decided)
    left = [target for target in targets if target not in refused]
    errors = "".join(_error(target, refused[target]) for target in targets if target in refused)
    if not left:
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<DeleteResult xmlns="{_NAMESPACE}">{errors}</DeleteResult>'
        headers = {"content-type": "application/xml", "x-amz-request-id": call.id}
        return Ruling(call.account, partly=True, answer=HttpResponse(200, headers, body.encode()))
    return Ruling(
        call.account,
        partly=True,
        call=_narrowed(call, left, quiet=bool(asked.get("Quiet"))),
        complete=_Completion(errors),
    )


@dataclass(frozen=True)
class _Completion:
    """Adds the errors to moto's answer."""

    errors: str

    def __call__(self, response: HttpResponse) -> HttpResponse:
        if response.status != 200 or not isinstance(response.body, bytes):
            return response
        text = response.body.decode()
        # An empty result may be one tag alone.
        opened = re.sub(r"<DeleteResult([^>]*)/>\s*$", r"<DeleteResult\1></DeleteResult>", text)
        body = opened.replace("</DeleteResult>", f"{self.errors}</DeleteResult>").encode()
        headers = {name: value for name, value in response.headers.items() if name.lower() != "content-length"}
        return HttpResponse(200, headers, body)


def _refused(decided: Sequence[Decided]) -> Mapping[_Target, str]:
    """The words for each target of which a right is denied; the first right counts."""
    refused: dict[_Target, str] = {}
    for one in decided:
        if not one.decision.allowed:
            version = one.need.context.get("s3:VersionId", "")
            key = one.need.resource.partition(":::")[2].partition("/")[2]
            refused.setdefault((key, version if isinstance(version, str) else ""), sentence(one.decision))
    return refused


def _error(target: _Target, words: str) -> str:
    key, version = target
    which = f"<VersionId>{escape(version)}</VersionId>" if version else ""
    return f"<Error><Key>{escape(key)}</Key>{which}<Code>AccessDenied</Code><Message>{escape(words)}</Message></Error>"


def _narrowed(call: Call, left: Sequence[_Target], *, quiet: bool) -> Call:
    """The call with the objects that may be deleted, and no checksum of the body that it had."""
    objects = "".join(
        f"<Object><Key>{escape(key)}</Key>{f'<VersionId>{escape(version)}</VersionId>' if version else ''}</Object>"
        for key, version in left
    )
    body = f'<Delete xmlns="{_NAMESPACE}">{objects}<Quiet>{str(quiet).lower()}</Quiet></Delete>'.encode()
    kept = {name: value for name, value in call.http.headers.items() if not name.startswith(_CHECKSUMS)}
    return replace(call, http=replace(call.http, body=body, headers=kept | {"content-length": str(len(body))}))
