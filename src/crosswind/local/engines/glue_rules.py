"""What Glue checks before it starts a run, and what the local world must refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswind.local.edge.call import ServiceError
from crosswind.local.engines.glue_runtimes import RUNTIMES

__all__ = ["arguments_of"]

# Arguments that change what a run does, and that the local world cannot honour.
_REFUSED = {
    "--additional-python-modules": "it installs no modules for a run",
    "--extra-jars": "Sail has no JVM",
    "--class": "Sail has no JVM",
    "--enable-glue-datacatalog": "it has no Data Catalog",
}
# docs.aws.amazon.com/glue/latest/dg/add-job-python.html: what a Python shell may have, and what it cannot.
_CAPACITIES = (None, 0.0625, 1.0)
_SPARK_ALONE = ("WorkerType", "NumberOfWorkers")


def arguments_of(definition: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, str]:
    """A run's arguments: the job's defaults under its own.

    Args:
        definition: the job, as GetJob returns it.
        parameters: of StartJobRun.

    Raises:
        ServiceError: InvalidInputException, for what Glue does not take, or the local world cannot do truthfully.
    """
    merged = {**(definition.get("DefaultArguments") or {}), **(parameters.get("Arguments") or {})}
    merged |= definition.get("NonOverridableArguments") or {}
    match definition.get("Command", {}).get("Name"):
        case "glueetl":
            pass
        case "pythonshell":
            _check_python_shell({**definition, **parameters})
        case other:
            raise _cannot(f"the job's command {other!r}", f"it runs {' and '.join(RUNTIMES)}")
    if definition.get("MaxRetries"):
        raise _cannot("a job with MaxRetries", "it starts no second attempt; set MaxRetries to 0")
    if merged.get("--job-language", "python") != "python":
        raise _cannot("--job-language scala", "it runs Python scripts")
    if merged.get("--job-bookmark-option", "job-bookmark-disable") != "job-bookmark-disable":
        raise _cannot("job bookmarks", "it keeps none")
    for argument, reason in _REFUSED.items():
        if merged.get(argument, "false") != "false":
            raise _cannot(argument, reason)
    return merged


def _check_python_shell(given: Mapping[str, Any]) -> None:
    for member in _SPARK_ALONE:
        if given.get(member):
            raise ServiceError("InvalidInputException", f"{member} is not supported for Job Command pythonshell.")
    if given.get("MaxCapacity") not in _CAPACITIES:
        raise ServiceError(
            "InvalidInputException", f"MaxCapacity of a Python shell job is 0.0625 or 1, not {given['MaxCapacity']}."
        )
    version = given["Command"].get("PythonVersion")
    if version != "3.9":
        raise _cannot(f"PythonVersion {version!r} of a Python shell", "AWS has ended all but 3.9")


def _cannot(what: str, why: str) -> ServiceError:
    return ServiceError("InvalidInputException", f"The local world cannot run {what} truthfully: {why}.")
