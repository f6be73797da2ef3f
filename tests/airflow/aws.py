"""A moto server on a free loopback port that remembers every call, and can be told what to answer."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response


@dataclass(frozen=True)
class Call:
    """One call, as it came over the wire."""

    service: str
    region: str
    action: str
    access_key: str
    parameters: dict[str, Any] = field(default_factory=dict)
    owner: str = ""
    """The account that an S3 call expects the bucket to be of."""


class RecordedAws:
    """A context manager around the server.

    `script(action, *answers)` answers that action's calls in turn with JSON, the last one for good; an answer
    may be (status, body), or (status, body, headers).
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._scripts: dict[str, list[Any]] = {}
        self._happenings: dict[str, Callable[[dict[str, Any]], None]] = {}
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> RecordedAws:
        self._thread.start()
        self._post("/moto-api/config", {"lambda": {"use_docker": False}})
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(timeout=10)
        self._server.server_close()

    def reset(self) -> None:
        """Forget all state, calls and scripts."""
        self._post("/moto-api/reset", {})
        self._scripts.clear()
        self._happenings.clear()
        self.calls.clear()

    def script(self, action: str, *answers: Any) -> None:
        """Answer an action's calls without moto."""
        self._scripts[action] = list(answers)

    def upon(self, action: str, do: Callable[[dict[str, Any]], None]) -> None:
        """Let something happen when an action is called, with its parameters, before it is answered."""
        self._happenings[action] = do

    def forget(self, action: str) -> None:
        """Let moto answer an action again."""
        self._scripts.pop(action, None)

    def client(self, service: str, region: str, account: str = "222222222222") -> Any:
        """A client that acts in an account, for set-up and for looking; its calls are recorded too."""
        key = {"aws_access_key_id": "setup", "aws_secret_access_key": "setup"}
        sts = boto3.client("sts", region, endpoint_url=self.url, **key)
        role = f"arn:aws:iam::{account}:role/setup"
        given = sts.assume_role(RoleArn=role, RoleSessionName="setup")["Credentials"]
        return boto3.client(
            service,
            region,
            endpoint_url=self.url,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    def made(self, service: str = "", action: str = "") -> list[Call]:
        """The calls of a service, an action, or both."""
        return [call for call in self.calls if service in ("", call.service) and action in ("", call.action)]

    def _app(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        if request.path.startswith("/moto-api"):
            return self._moto(environ, start)  # type: ignore[no-any-return]
        call = _call(request, request.get_data(cache=True))
        self.calls.append(call)
        if happening := self._happenings.get(call.action):
            happening(call.parameters)
        answers = self._scripts.get(call.action)
        if answers:
            answer = answers[0] if len(answers) == 1 else answers.pop(0)
            status, body, *more = answer if isinstance(answer, tuple) else (200, answer)
            text = body if isinstance(body, str) else json.dumps(body)
            kind = "text/xml" if isinstance(body, str) else "application/x-amz-json-1.1"
            return Response(text, status, *more, content_type=kind)(environ, start)
        environ["wsgi.input"] = _Again(request.get_data(cache=True))
        return self._moto(environ, start)  # type: ignore[no-any-return]

    def _post(self, path: str, body: dict[str, Any]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.server_port, timeout=30)
        connection.request("POST", path, json.dumps(body))
        answer = connection.getresponse()
        assert answer.status < 300, answer.read()
        connection.close()


class _Again:
    """A request's body for a second reader."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        end = len(self._body) if size is None or size < 0 else size
        taken, self._body = self._body[:end], self._body[end:]
        return taken

    def readline(self, size: int = -1) -> bytes:
        return self.read(size)


def _call(request: Request, body: bytes) -> Call:
    scope = request.headers.get("Authorization", "").partition("Credential=")[2].partition(",")[0].split("/")
    access_key, _, region, service = (*scope, "", "", "", "")[:4]
    if target := request.headers.get("X-Amz-Target"):
        return Call(service, region, target.rpartition(".")[2], access_key, json.loads(body or b"{}"))
    if body.startswith(b"Action=") or b"&Action=" in body:
        form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        return Call(service, region, form["Action"], access_key, form)
    action = f"{request.method} {request.path}"
    is_json = service == "lambda" and body.startswith(b"{")
    owner = request.headers.get("X-Amz-Expected-Bucket-Owner", "")
    return Call(service, region, action, access_key, json.loads(body) if is_json else {}, owner)
