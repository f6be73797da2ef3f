# mypy: ignore-errors
# The packages of this file are those of Airflow's environment; Crosswind's own has none of them.
"""An Airflow plugin: MWAA's own paths `/aws_mwaa/...` on the web server; copied into each build's plugins.

    POST /aws_mwaa/cli                    Bearer token of CreateCliToken; the body is an Airflow CLI command
    GET  /aws_mwaa/aws-console-sso        where login links point; passes on the token of CreateWebLoginToken
    GET  /aws_mwaa/login?token=...        checks the token, then goes to the UI

Runs inside Airflow; imports nothing of Crosswind.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import os
import shlex
import sys
import time

from airflow.plugins_manager import AirflowPlugin
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

CLI_SECONDS = 60

# A browser never sends what follows `#`, where MWAA's login links carry the token: a page must pass it on.
_PAGE = """<!doctype html><title>Airflow</title><script>
const token = new URLSearchParams(location.hash.slice(1)).get("token") || location.hash.slice(1);
location.replace("/aws_mwaa/login?token=" + encodeURIComponent(token));
</script>"""

app = FastAPI(title="Amazon MWAA, local")


def subject_of(token, purpose):
    """Whom a token was issued to; None when it is forged, too old or for something else."""
    payload, _, signature = token.partition(".")
    key = os.environ.get("CROSSWIND_MWAA_TOKEN_KEY", "")
    wanted = hmac.new(key.encode(), payload.encode(), hashlib.sha256).hexdigest()
    if not key or not hmac.compare_digest(wanted.encode(), signature.encode()):
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (binascii.Error, ValueError):
        return None
    if claims.get("use") != purpose or claims.get("exp", 0) < time.time():
        return None
    return claims.get("sub")


@app.post("/cli")
async def cli(request: Request):
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or subject_of(token, "cli") is None:
        return JSONResponse({"message": "Forbidden"}, 403)
    try:
        arguments = shlex.split((await request.body()).decode())
    except (UnicodeDecodeError, ValueError) as error:
        return JSONResponse({"message": f"no command line: {error}"}, 400)
    if not arguments:
        return JSONResponse({"message": "the body holds no command"}, 400)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "airflow",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        stdout, stderr = await asyncio.wait_for(process.communicate(), CLI_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        return JSONResponse({"message": f"the command did not end within {CLI_SECONDS} s"}, 504)
    answer = {"stdout": base64.b64encode(stdout).decode(), "stderr": base64.b64encode(stderr).decode()}
    return JSONResponse(answer, 200 if process.returncode == 0 else 400)


@app.get("/aws-console-sso")
async def console():
    return HTMLResponse(_PAGE)


@app.get("/login")
async def login(token: str = ""):
    if subject_of(token, "web") is None:
        return JSONResponse({"message": "Forbidden"}, 403)
    return RedirectResponse("/", 302)


class AwsMwaaPlugin(AirflowPlugin):
    """Serves the app below /aws_mwaa."""

    name = "crosswind_aws_mwaa"
    fastapi_apps = [{"app": app, "url_prefix": "/aws_mwaa", "name": "Amazon MWAA, local"}]  # noqa: RUF012
    # There is no login, so no web page may come in by a name of its own that leads to this machine.
    fastapi_root_middlewares = [  # noqa: RUF012
        {
            "name": "loopback hosts only",
            "middleware": TrustedHostMiddleware,
            "kwargs": {"allowed_hosts": ["127.0.0.1", "localhost"]},
        }
    ]
