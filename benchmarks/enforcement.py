"""What enforcing IAM costs a request: the same calls at a world that enforces and at worlds that allow everything.

Usage: python benchmarks/enforcement.py [CALLS]        (default: 600 of each kind)

Three worlds, each a process of its own, with the same accounts, roles and buckets; one client, one connection each.
One enforces; one checks signatures alone; one checks nothing. It is measured once all three have come to rest. Blocks
of calls alternate between them, each round in another order. Two figures a call: the time that passed, and the
processor time of client and world together, which is what a call takes on a machine that does nothing else. Each is
the median of the blocks; a cost is the median of the differences within a round, so that what else the machine does
meets both sides alike. Where the system does not tell processor time both are the time that passed. The caller is a
role's session with 20 statements, and works on its own account's bucket, on another account's, and on another
account's role.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from crosswind.cli import wire
from crosswind.local.clients import Clients
from crosswind.local.edge.call import Call, Credentials
from crosswind.local.process import WorldProcess

BLOCK = 15
REST = 0.02  # seconds of processors within one: what a world uses that nobody asks anything
HOME, OTHER = "111111111111", "222222222222"
WORKER, TARGET = f"arn:aws:iam::{HOME}:role/worker", f"arn:aws:iam::{OTHER}:role/etl"
ENFORCING, SIGNATURES, NOTHING = "enforcing", "signatures alone", "nothing"
Kinds = dict[str, Callable[[], Any]]


def main(calls: int) -> None:
    """Measure, and print two tables."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as worlds:
        modes = (ENFORCING, SIGNATURES, NOTHING)
        started = {mode: worlds.enter_context(World(Path(folder), mode)) for mode in modes}
        kinds = {mode: ready(world.endpoint) for mode, world in started.items()}
        for world in started.values():
            world.rest()
        figures = {
            kind: measured(started, {mode: kinds[mode][kind] for mode in modes}, calls) for kind in kinds[NOTHING]
        }
    print(f"milliseconds a call, {calls} calls of each kind at each world in blocks of {BLOCK}")
    for title, name in (("processor time", "cpu"), ("time passed", "wall")):
        print(f"{title:30}{ENFORCING:>12}{SIGNATURES:>18}{NOTHING:>10}{'IAM':>18}{'IAM+signature':>18}")
        for kind, by_mode in figures.items():
            whole, signed, bare = (getattr(by_mode[mode], name) for mode in modes)
            columns = f"{median(whole) * 1e3:12.2f}{median(signed) * 1e3:18.2f}{median(bare) * 1e3:10.2f}"
            print(f"{kind:30}{columns}{cost(whole, signed):>18}{cost(whole, bare):>18}")
    print(f"load average now {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")


@dataclass(frozen=True)
class Figures:
    """Seconds a call, block by block: that passed, and of processors."""

    wall: tuple[float, ...]
    cpu: tuple[float, ...]


def cost(with_it: Sequence[float], without: Sequence[float]) -> str:
    """The difference, in microseconds and percent; both have one figure a round."""
    more = median([one - other for one, other in zip(with_it, without, strict=True)])
    return f"{more * 1e6:.0f} us {more / median(without):+.1%}"


def measured(worlds: Mapping[str, World], calls: Mapping[str, Callable[[], Any]], times: int) -> Mapping[str, Figures]:
    """What a call takes at each world."""
    blocks: dict[str, list[tuple[float, float]]] = {mode: [] for mode in calls}
    order = list(calls)
    for number in range(1 + times // BLOCK):
        order.append(order.pop(0))
        for mode in order:
            block = one_block(worlds[mode], calls[mode])
            if number:  # the first one warms up
                blocks[mode].append(block)
    return {mode: Figures(*zip(*found, strict=True)) for mode, found in blocks.items()}


def one_block(world: World, call: Callable[[], Any]) -> tuple[float, float]:
    """Seconds a call over one block, passed and of processors."""
    began, used = time.perf_counter(), world.processor_time() + time.process_time()
    for _ in range(BLOCK):
        call()
    passed = (time.perf_counter() - began) / BLOCK
    return passed, (world.processor_time() + time.process_time() - used) / BLOCK or passed


def ready(endpoint: str) -> Kinds:
    """What is measured, at a world that is made ready for it."""
    clients = Clients(endpoint)
    home, other = Credentials(HOME, "local"), Credentials(OTHER, "local")
    make_role(clients.client("iam", "us-east-1", home), "worker", HOME, statements())
    make_role(clients.client("iam", "us-east-1", other), "etl", WORKER, [])
    for account, keys, bucket in ((HOME, home, "bench-home"), (OTHER, other, "bench-other")):
        s3 = clients.client("s3", "us-east-1", keys)
        s3.create_bucket(Bucket=bucket)
        if account == OTHER:
            s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(bucket_policy()))
    answer = clients.client("sts", "us-east-1", home).assume_role(RoleArn=WORKER, RoleSessionName="bench")
    given = answer["Credentials"]
    session = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    s3, sts = (clients.client(name, "us-east-1", session) for name in ("s3", "sts"))
    body = b"x" * 1024

    def put(bucket: str) -> Callable[[], Any]:
        return lambda: s3.put_object(Bucket=bucket, Key="raw/key", Body=body)

    def get(bucket: str) -> Callable[[], Any]:
        return lambda: len(s3.get_object(Bucket=bucket, Key="raw/key")["Body"].read())

    return {
        "S3 put 1 KB": put("bench-home"),
        "S3 get 1 KB": get("bench-home"),
        "S3 put 1 KB, other account": put("bench-other"),
        "S3 get 1 KB, other account": get("bench-other"),
        "STS AssumeRole, other account": lambda: sts.assume_role(RoleArn=TARGET, RoleSessionName="bench"),
    }


def make_role(iam: Any, name: str, trusted: str, allowed: list[dict[str, Any]]) -> None:
    """A role that an account or a role may assume."""
    trust = [{"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
    if allowed:
        iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=document(allowed))


def statements() -> list[dict[str, Any]]:
    """Twenty statements; those that the calls need come last."""
    others = [
        {
            "Effect": "Allow",
            "Action": ["glue:StartJobRun", "glue:GetJobRun"],
            "Resource": f"arn:aws:glue:*:{HOME}:job/j-{n}",
        }
        for n in range(17)
    ]
    return [
        *others,
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::bench-*/raw/*"},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": TARGET},
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}},
        },
    ]


def bucket_policy() -> dict[str, Any]:
    """What the other account's bucket grants."""
    objects = "arn:aws:s3:::bench-other/raw/*"
    grant = {
        "Effect": "Allow",
        "Principal": {"AWS": WORKER},
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": objects,
    }
    return {"Version": "2012-10-17", "Statement": [grant]}


def document(statements: list[dict[str, Any]]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class World:
    """A local world in a process of its own; a context manager.

    Args:
        folder: where its state goes.
        mode: what it checks.
    """

    def __init__(self, folder: Path, mode: str) -> None:
        state = wire.state(folder / mode.replace(" ", "-"))
        command = [sys.executable, __file__, "--serve", mode, "--state", str(state.root), "--cache", str(state.cache)]
        self._process = WorldProcess(state, command)
        self._tasks = Path()
        self.endpoint = ""

    def __enter__(self) -> World:
        running = self._process.start(port=0)
        self.endpoint = running.endpoint
        self._tasks = Path("/proc") / str(running.pid) / "task"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop()

    def rest(self) -> None:
        """Wait until the process does nothing: a new world goes on importing for a while."""
        used = -1.0
        while self.processor_time() - used > REST:
            used = self.processor_time()
            time.sleep(1)

    def processor_time(self) -> float:
        """Seconds of processors that the process has used; 0 where the system does not tell."""
        return sum(int(each.read_text().split()[0]) for each in self._tasks.glob("*/schedstat")) / 1e9


def serve(mode: str, arguments: list[str]) -> None:
    """Run a world in the foreground that leaves checks away: for measuring alone, so it is done from outside."""
    from crosswind.cli.main import main as command_line
    from crosswind.local.authorization.authorizer import Authorizer
    from crosswind.local.edge.signature import Signatures

    def allow(_authorizer: Authorizer, _call: Call) -> None:
        """Allow."""

    def believe(*_: object, **__: object) -> None:
        """Believe whoever signs."""

    if mode != ENFORCING:
        Authorizer.authorize = allow  # type: ignore[assignment, method-assign]  # the point of the measurement
    if mode == NOTHING:
        Signatures.check = believe  # type: ignore[method-assign]  # the point of the measurement
    sys.argv = ["crosswind", "local", "serve", *arguments]
    command_line()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], sys.argv[3:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
