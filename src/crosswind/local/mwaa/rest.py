"""InvokeRestApi: Airflow's stable REST API, on loopback, as MWAA's API passes it through."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.parse
from collections.abc import Mapping
from typing import Any

from crosswind.local.edge.call import ServiceError

__all__ = ["AirflowRest", "RestApiError"]

BASE = "/api/v2"
"""What MWAA puts before Path for an Airflow 3 environment."""

_METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE")
_SECONDS = 10.0  # "The default timeout ... is 10 seconds" (user guide, "Using the Apache Airflow REST API")
_MOST_BYTES = 6 * 1024 * 1024  # "The response payload size cannot exceed 6 MB" (same page)


class RestApiError(ServiceError):
    """Airflow answered with an error: RestApiClientException or RestApiServerException with its members.

    Args:
        rest_status: Airflow's HTTP status.
        response: Airflow's answer.
    """

    def __init__(self, rest_status: int, response: Any) -> None:
        kind = "Client" if rest_status < 500 else "Server"
        # Both exceptions travel with status 400 (botocore's model of the service).
        super().__init__(
            f"RestApi{kind}Exception",
            f"Airflow answered {rest_status}: {response}",
            400,
            fields={"RestApiStatusCode": rest_status, "RestApiResponse": response},
        )


class AirflowRest:
    """The REST API of one Airflow. Thread-safe.

    Args:
        port: the loopback port of its API server.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._lock = threading.Lock()
        self._token = ""

    def invoke(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out an InvokeRestApi.

        Args:
            parameters: Path, Method, QueryParameters and Body of the call.

        Returns:
            RestApiStatusCode and RestApiResponse.

        Raises:
            ServiceError: bad input, or Airflow did not answer.
            RestApiError: Airflow answered with an error.
        """
        method, path = str(parameters.get("Method", "")), str(parameters.get("Path", ""))
        if method not in _METHODS:
            raise ServiceError("ValidationException", f"Method '{method}' is not one of {', '.join(_METHODS)}")
        if not path.startswith("/") or len(path) > 64:
            raise ServiceError(
                "ValidationException",
                f"Path '{path}' must start with '/' and have at most 64 characters (it has {len(path)})",
            )
        target = BASE + urllib.parse.quote(path, safe="/~:+%")
        if parameters.get("QueryParameters"):
            target += "?" + urllib.parse.urlencode(_query(parameters["QueryParameters"]))
        content = None if parameters.get("Body") is None else json.dumps(parameters["Body"]).encode()
        status, answer = self._authorized(method, target, content)
        if status >= 400:
            raise RestApiError(status, answer)
        return {"RestApiStatusCode": status, "RestApiResponse": answer}

    def _authorized(self, method: str, target: str, content: bytes | None) -> tuple[int, Any]:
        with self._lock:
            token = self._token or self._fetch_token()
        status, answer = self._request(method, target, content, token)
        if status == 401:  # the token's day is over
            with self._lock:
                token = self._fetch_token()
            status, answer = self._request(method, target, content, token)
        return status, answer

    def _fetch_token(self) -> str:
        status, answer = self._request("GET", "/auth/token", None, "")
        if status >= 400:
            raise ServiceError("InternalServerException", f"Airflow gave no token: {status} {answer}", 500)
        self._token = str(answer["access_token"])
        return self._token

    def _request(self, method: str, target: str, content: bytes | None, token: str) -> tuple[int, Any]:
        headers = {"accept": "application/json"}
        if content is not None:
            headers["content-type"] = "application/json"
        if token:
            headers["authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_SECONDS)
        try:
            connection.request(method, target, content, headers)
            answer = connection.getresponse()
            body = answer.read(_MOST_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise ServiceError(
                "InternalServerException", f"Airflow's web server did not answer: {error}", 500
            ) from error
        finally:
            connection.close()
        if len(body) > _MOST_BYTES:
            raise RestApiError(413, {"detail": "the response is larger than 6 MB"})
        return answer.status, _document(body)


def _query(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A JSON object as query parameters; lists repeat, booleans are lower case as Airflow reads them."""
    pairs: list[tuple[str, str]] = []
    for key, value in document.items():
        for item in value if isinstance(value, list) else [value]:
            pairs.append((key, str(item).lower() if isinstance(item, bool) else str(item)))
    return pairs


def _document(body: bytes) -> Any:
    if not body:
        return {}
    try:
        return json.loads(body)
    except ValueError:
        return {"detail": body.decode(errors="replace")}
