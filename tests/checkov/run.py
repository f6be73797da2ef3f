"""checkov, in an environment of its own, over the golden templates: what it finds must be in the list of exceptions.

Usage: python -m tests.checkov.run [--skip-without-index]

The environment is made once, by uv, under .crosswind/cache/checkov; checkov and all that it needs are pinned in
requirements.txt. The exit status is 1 when something is found that is not excepted, when an exception is of no use any
more, and when checkov cannot be installed (0 then with --skip-without-index).
"""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.golden.regenerate import HERE as GOLDEN
from tests.golden.regenerate import ROOT

__all__ = ["Excepted", "Failed", "differences", "exceptions", "failed"]

HERE = Path(__file__).parent
PINS = HERE / "requirements.txt"


@dataclass(frozen=True, order=True)
class Failed:
    """A check that a resource does not pass.

    Attributes:
        check: its id.
        resource: type and logical id.
        file: the template's, below the golden templates.
        says: what is checked, in checkov's words.
    """

    check: str
    resource: str
    file: str
    says: str


@dataclass(frozen=True, order=True)
class Excepted:
    """An exception: a check that resources need not pass.

    Attributes:
        check: its id.
        resource: type and logical id, as a pattern.
        reason: why.
    """

    check: str
    resource: str
    reason: str

    def covers(self, failed: Failed) -> bool:
        """Whether it lets a failed check stand."""
        return self.check == failed.check and fnmatch.fnmatchcase(failed.resource, self.resource)


def exceptions() -> tuple[Excepted, ...]:
    """The list, as it is checked in."""
    return tuple(Excepted(**each) for each in json.loads((HERE / "exceptions.json").read_text()))


def failed(report: str) -> Iterator[Failed]:
    """What checkov's report, in JSON, tells as failed."""
    told = json.loads(report)
    for part in told if isinstance(told, list) else [told]:
        for each in part.get("results", {}).get("failed_checks", []):
            yield Failed(each["check_id"], each["resource"], each["file_path"].lstrip("/"), each["check_name"])


def differences(found: Iterable[Failed], known: Sequence[Excepted]) -> Iterator[str]:
    """What is found and not excepted, and what is excepted and not found; a line each."""
    unused = set(known)
    for each in sorted(set(found)):
        covering = [one for one in known if one.covers(each)]
        unused -= set(covering)
        if not covering:
            yield f"{each.check} {each.resource} in {each.file}: {each.says}"
    for one in sorted(unused):
        yield f"{one.check} {one.resource}: nothing needs this exception any more; remove it from exceptions.json"


def main(arguments: Sequence[str]) -> int:
    """Run; the exit status."""
    parser = argparse.ArgumentParser(description="checkov over the golden templates")
    parser.add_argument(
        "--skip-without-index", action="store_true", help="be content where no package index is reached"
    )
    options = parser.parse_args(arguments)
    try:
        checkov = _installed()
    except subprocess.CalledProcessError as error:
        _say(f"no checkov: it could not be installed: {error.stderr.strip().splitlines()[-1:]}")
        return 0 if options.skip_without_index else 1
    report = _report(checkov)
    found, known = list(failed(report)), exceptions()
    lines = list(differences(found, known))
    for line in lines:
        _say(line)
    resources = sum(part["summary"]["resource_count"] for part in _parts(report))
    _say(
        f"checkov: {resources} resources, {len(found)} failed checks under {len(known)} exceptions,"
        f" {len(lines)} without one"
    )
    return 1 if lines else 0


def _installed() -> Path:
    """checkov's command, in an environment that is made when there is none for these pins."""
    folder = ROOT / ".crosswind" / "cache" / "checkov" / hashlib.sha256(PINS.read_bytes()).hexdigest()[:16]
    command, done = folder / "bin" / "checkov", folder / ".done"
    if not done.exists():
        _say("installing checkov ...")
        _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
        _uv("pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), "--requirement", str(PINS))
        done.touch()
    return command


def _uv(*words: str) -> None:
    subprocess.run([str(Path(sys.executable).with_name("uv")), *words], check=True, capture_output=True, text=True)


def _report(checkov: Path) -> str:
    """checkov's answer; it asks no service of its maker's, and fetches nothing."""
    command = [str(checkov), "--framework", "cloudformation", "--directory", str(GOLDEN), "--output", "json", "--quiet"]
    environment = {**os.environ, "LOG_LEVEL": "ERROR", "CHECKOV_RUN_SCA_PACKAGE_SCAN_V2": "false"}
    done = subprocess.run(
        [*command, "--soft-fail", "--skip-download"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not done.stdout.strip():
        raise RuntimeError(f"checkov ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def _parts(report: str) -> list[dict[str, dict[str, int]]]:
    told = json.loads(report)
    return told if isinstance(told, list) else [told]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
