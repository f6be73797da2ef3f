"""What SageMaker checks before it accepts a processing job, and what the local world must refuse.

Rules: docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html, API_ProcessingS3Input.html,
API_ProcessingS3Output.html, API_ProcessingStoppingCondition.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from crosswind.local.edge.call import ServiceError
from crosswind.local.engines.sagemaker import algorithm_of
from crosswind.local.engines.storage import split
from crosswind.local.engines.training_rules import NAME, ROLE

__all__ = ["check_request"]

_INTERPRETERS = ("python", "python3")
_HOME = "/opt/ml/processing"
_LONGEST = 777_600
# What changes how a job runs, and cannot be done on one machine without containers: the member, or what is in it.
_REFUSED = {
    "NetworkConfig.VpcConfig": "a VPC for processing",
    "NetworkConfig.EnableNetworkIsolation": "network isolation",
    "ExperimentConfig": "experiments",
}
_REFUSED_INPUTS = {
    "AppManaged": "inputs that the application manages",
    "DatasetDefinition": "inputs from Athena and Redshift",
}
_REFUSED_OUTPUTS = {
    "AppManaged": "outputs that the application manages",
    "FeatureStoreOutput": "outputs to the Feature Store",
}


def check_request(request: Mapping[str, Any]) -> None:
    """Check a CreateProcessingJob request.

    Raises:
        ServiceError: ValidationException, with AWS's text where AWS has the rule, else with what the local world
            offers.
    """
    _check_fields(request)
    _check_application(request["AppSpecification"])
    _refuse(request, _REFUSED)
    if request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] != 1:
        raise _invalid("The local world processes on one machine: ClusterConfig.InstanceCount must be 1.")
    inputs = request.get("ProcessingInputs", [])
    outputs = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    for each in inputs:
        _check_input(each)
    for each in outputs:
        _check_output(each)
    for word, found in (("InputName", inputs), ("OutputName", outputs)):
        names = [each[word] for each in found]
        if len(set(names)) < len(names):
            raise _invalid(f"{word} must be unique within a processing job: {', '.join(sorted(names))}")


def _check_fields(request: Mapping[str, Any]) -> None:
    name, role = request["ProcessingJobName"], request["RoleArn"]
    if not NAME.fullmatch(name):
        raise _invalid(
            f"1 validation error detected: Value '{name}' at 'processingJobName' failed to satisfy constraint:"
            f" Member must satisfy regular expression pattern: {NAME.pattern}"
        )
    if not ROLE.fullmatch(role):
        raise _invalid(f"1 validation error detected: Value '{role}' at 'roleArn' is no role's ARN")
    seconds = request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 1)
    if not 1 <= seconds <= _LONGEST:
        raise _invalid(
            f"1 validation error detected: Value '{seconds}' at 'stoppingCondition.maxRuntimeInSeconds' failed to"
            f" satisfy constraint: Member must have value between 1 and {_LONGEST}"
        )


def _check_application(application: Mapping[str, Any]) -> None:
    if not algorithm_of(application["ImageUri"]):
        raise _invalid(
            f"The local world has nothing to run for the image {application['ImageUri']!r}. It offers"
            " <registry>/sagemaker-xgboost:<version> and <registry>/sagemaker-scikit-learn:<version>."
        )
    entrypoint = application.get("ContainerEntrypoint", [])
    script = PurePosixPath(entrypoint[1]) if len(entrypoint) > 1 else PurePosixPath()
    if not entrypoint or entrypoint[0] not in _INTERPRETERS or not _is_inside(script):
        raise _invalid(
            "The local world runs Python scripts among a job's inputs: ContainerEntrypoint must be"
            f' ["python3", "{_HOME}/input/.../script.py"], not {entrypoint}.'
        )


def _check_input(each: Mapping[str, Any]) -> None:
    name, source = each["InputName"], each.get("S3Input")
    _refuse(each, _REFUSED_INPUTS)
    if not source:
        raise _invalid(f"Input {name}: S3Input must be specified.")
    if source["S3DataType"] != "S3Prefix" or source.get("S3CompressionType", "None") != "None":
        raise _invalid(f"Input {name}: the local world reads S3Prefix alone, not compressed.")
    if source.get("S3InputMode", "File") != "File":
        raise _invalid(f"Input {name}: the local world reads in File mode.")
    _check_place(f"Input {name}", source)


def _check_output(each: Mapping[str, Any]) -> None:
    name, target = each["OutputName"], each.get("S3Output")
    _refuse(each, _REFUSED_OUTPUTS)
    if not target:
        raise _invalid(f"Output {name}: S3Output must be specified.")
    if target["S3UploadMode"] != "EndOfJob":
        raise _invalid(f"Output {name}: the local world uploads at the end: S3UploadMode must be EndOfJob.")
    _check_place(f"Output {name}", target)


def _check_place(what: str, place: Mapping[str, Any]) -> None:
    """An S3 URI, and a folder of the container."""
    try:
        split(place["S3Uri"])
    except ValueError as error:
        raise _invalid(f"{what}: {error}") from error
    path = PurePosixPath(place.get("LocalPath", ""))
    if not _is_inside(path):
        raise _invalid(f"{what}: LocalPath must be {_HOME}/..., not {str(place.get('LocalPath', ''))!r}.")


def _is_inside(path: PurePosixPath) -> bool:
    return path.is_relative_to(_HOME) and path != PurePosixPath(_HOME) and ".." not in path.parts


def _refuse(given: Mapping[str, Any], refused: Mapping[str, str]) -> None:
    for path, what in refused.items():
        if any(_values(given, path)):
            raise _invalid(f"The local world cannot do {what} truthfully: leave {path} out.")


def _values(given: Mapping[str, Any], path: str) -> Iterator[Any]:
    head, _, rest = path.partition(".")
    found = given.get(head)
    if not rest:
        yield found
    elif isinstance(found, Mapping):
        yield from _values(found, rest)


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
