import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from crosswind.local.edge.call import ServiceError
from crosswind.local.mwaa.rest import AirflowRest, RestApiError


class FakeAirflow(BaseHTTPRequestHandler):
    """Answers what the path asks for, and remembers what came; its tokens hold for one use after `expire`."""

    seen: ClassVar[list[tuple[str, str, bytes]]] = []
    tokens = 0
    valid = ""

    def do_GET(self) -> None:
        kind = type(self)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == "/auth/token":
            kind.tokens += 1
            kind.valid = f"token-{kind.tokens}"
            return self._answer(201, {"access_token": kind.valid})
        if self.headers["authorization"] != f"Bearer {kind.valid}":
            return self._answer(401, {"detail": "Not authenticated"})
        kind.seen.append((self.command, self.path, body))
        if "broken" in self.path:
            return self._answer(503, None)
        return self._answer(404, {"detail": "nothing"}) if "missing" in self.path else self._answer(200, {"ok": True})

    do_POST = do_PATCH = do_DELETE = do_PUT = do_GET  # noqa: N815 - http.server's names

    def _answer(self, status: int, document: Any) -> None:
        content = b"oops" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def airflow() -> Iterator[type[FakeAirflow]]:
    kind = type("Fresh", (FakeAirflow,), {"seen": [], "tokens": 0, "valid": ""})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        kind.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield kind
        server.shutdown()


def rest(airflow: Any) -> AirflowRest:
    return AirflowRest(airflow.port)


def test_the_path_gets_mwaas_prefix_and_values_are_encoded(airflow: Any):
    query = {"dag_ids": ["a", "b"], "only_active": True, "note": "x y&z"}
    found = rest(airflow).invoke(
        {"Path": "/dags/a b/dagRuns", "Method": "POST", "QueryParameters": query, "Body": {"logical_date": None}}
    )
    assert found == {"RestApiStatusCode": 200, "RestApiResponse": {"ok": True}}
    assert airflow.seen == [
        (
            "POST",
            "/api/v2/dags/a%20b/dagRuns?dag_ids=a&dag_ids=b&only_active=true&note=x+y%26z",
            b'{"logical_date": null}',
        )
    ]


def test_a_token_is_kept_and_replaced_when_airflow_refuses_it(airflow: Any):
    api = rest(airflow)
    for _ in range(2):
        api.invoke({"Path": "/dags", "Method": "GET"})
    assert airflow.tokens == 1
    airflow.valid = "another"
    assert api.invoke({"Path": "/dags", "Method": "GET"})["RestApiStatusCode"] == 200
    assert airflow.tokens == 2


@pytest.mark.parametrize(
    ("path", "code", "status", "response"),
    [
        ("/missing", "RestApiClientException", 404, {"detail": "nothing"}),
        ("/broken", "RestApiServerException", 503, {"detail": "oops"}),
    ],
)
def test_airflows_errors(airflow: Any, path: str, code: str, status: int, response: Any):
    with pytest.raises(RestApiError) as caught:
        rest(airflow).invoke({"Path": path, "Method": "GET"})
    assert caught.value.code == code
    assert caught.value.fields == {"RestApiStatusCode": status, "RestApiResponse": response}


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"Path": "/dags", "Method": "HEAD"}, "Method"),
        ({"Path": "dags", "Method": "GET"}, "start with"),
        ({"Path": "/" + "x" * 64, "Method": "GET"}, "at most 64"),
    ],
)
def test_what_never_reaches_airflow(airflow: Any, parameters: dict[str, Any], word: str):
    with pytest.raises(ServiceError, match=word):
        rest(airflow).invoke(parameters)
    assert airflow.seen == []


def test_nobody_there():
    with pytest.raises(ServiceError, match="did not answer") as caught:
        AirflowRest(1).invoke({"Path": "/dags", "Method": "GET"})
    assert caught.value.code == "InternalServerException"
