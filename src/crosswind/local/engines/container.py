"""What SageMaker gives a training container: the `/opt/ml` folder and its environment.

Source: docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = [
    "BUILT_IN_METRICS",
    "OptMl",
    "final_metrics",
    "pack",
    "script_environment",
    "script_words",
    "unpack",
]

_HOST = "algo-1"
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_TREE_METRICS = (
    "accuracy", "aft-nloglik", "auc", "balanced_accuracy", "error", "f1", "f1_binary", "f1_macro", "logloss",
    "mae", "map", "merror", "mlogloss", "mse", "ndcg", "precision", "recall", "rmse",
)  # fmt: skip

BUILT_IN_METRICS: tuple[tuple[str, str], ...] = tuple(
    (f"{channel}:{metric}", rf"\[[0-9]+\].*#011{channel}-{metric}:([^#\s]+)")
    for channel in ("train", "validation")
    for metric in _TREE_METRICS
)
"""Name and regular expression of each metric that SageMaker's built-in XGBoost emits; its log shows a tab as #011."""


class OptMl:
    """The folder that stands for `/opt/ml`.

    Args:
        root: the folder; made with its parts.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        for part in ("input/config", "input/data", "model", "output/data", "code", "checkpoints"):
            (root / part).mkdir(parents=True, exist_ok=True)

    @property
    def model(self) -> Path:
        """What is packed into model.tar.gz."""
        return self.root / "model"

    @property
    def failure(self) -> Path:
        """The file that says why the container failed."""
        return self.root / "output/failure"

    def channel(self, name: str) -> Path:
        """The folder of an input channel."""
        return self.root / "input/data" / name

    def configure(self, request: Mapping[str, Any]) -> None:
        """Write the configuration files.

        Args:
            request: the CreateTrainingJob request.
        """
        resources = request["ResourceConfig"]
        channels = {
            channel["ChannelName"]: {
                "ContentType": channel.get("ContentType", ""),
                "TrainingInputMode": channel.get("InputMode", "File"),
                "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                    "S3DataDistributionType", "FullyReplicated"
                ),
                "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            }
            for channel in request.get("InputDataConfig", [])
        }
        files = {
            "hyperparameters": dict(request.get("HyperParameters", {})),
            "inputdataconfig": channels,
            "resourceconfig": {
                "current_host": _HOST,
                "hosts": [_HOST],
                "network_interface_name": "lo",
                "current_instance_type": resources.get("InstanceType", ""),
            },
            "trainingjobconfig": {key: value for key, value in request.items() if key != "Tags"},
        }
        for name, content in files.items():
            path = self.root / f"input/config/{name}.json"
            path.write_text(json.dumps(content, sort_keys=True, default=str), encoding="utf-8")


def script_words(hyperparameters: Mapping[str, str]) -> list[str]:
    """The script's arguments: every hyperparameter that is not SageMaker's own, sorted, values decoded."""
    words = []
    for name in sorted(own_hyperparameters(hyperparameters)):
        words += [f"--{name}" if len(name) > 1 else f"-{name}", _decoded(hyperparameters[name])]
    return words


def own_hyperparameters(hyperparameters: Mapping[str, str]) -> dict[str, str]:
    """The hyperparameters that are the script's: without `sagemaker_...`."""
    return {k: v for k, v in hyperparameters.items() if not k.startswith("sagemaker_")}


def script_environment(opt_ml: OptMl, request: Mapping[str, Any]) -> dict[str, str]:
    """The SM_* variables (github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md)."""
    hyperparameters = request.get("HyperParameters", {})
    channels = sorted(channel["ChannelName"] for channel in request.get("InputDataConfig", []))
    root = opt_ml.root
    own = {name: _decoded(value) for name, value in own_hyperparameters(hyperparameters).items()}
    program = _decoded(hyperparameters["sagemaker_program"])
    variables = {
        "SM_MODEL_DIR": str(opt_ml.model),
        "SM_INPUT_DIR": str(root / "input"),
        "SM_INPUT_CONFIG_DIR": str(root / "input/config"),
        "SM_OUTPUT_DIR": str(root / "output"),
        "SM_OUTPUT_DATA_DIR": str(root / "output/data"),
        "SM_CHANNELS": json.dumps(channels),
        "SM_HPS": json.dumps(own, sort_keys=True),
        "SM_USER_ARGS": json.dumps(script_words(hyperparameters)),
        "SM_CURRENT_HOST": _HOST,
        "SM_HOSTS": json.dumps([_HOST]),
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "SM_NUM_GPUS": "0",
        "SM_USER_ENTRY_POINT": program,
        "SM_MODULE_NAME": program.removesuffix(".py"),
        "SM_MODULE_DIR": _decoded(hyperparameters["sagemaker_submit_directory"]),
        "TRAINING_JOB_NAME": request["TrainingJobName"],
    }
    variables |= {f"SM_CHANNEL_{name.upper()}": str(opt_ml.channel(name)) for name in channels}
    variables |= {f"SM_HP_{name.upper().replace('-', '_')}": value for name, value in own.items()}
    return variables


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a source archive; nothing may land outside the folder (tarfile's `data` filter)."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")


def pack(folder: Path, archive: Path) -> None:
    """Pack what a folder holds into a tar.gz, names relative to the folder."""
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)


def final_metrics(log: str, definitions: Sequence[tuple[str, str]]) -> dict[str, float]:
    """The last value of each metric in a log.

    Args:
        log: what the container printed.
        definitions: name and regular expression with one group. Published expressions match CloudWatch's
            `#011`, others a tab: each is tried on both. A group that is no number is passed over.
    """
    lines = [line for raw in log.splitlines() for line in {raw, raw.replace("\t", "#011")}]
    found: dict[str, float] = {}
    for name, expression in definitions:
        pattern = re.compile(expression)
        for line in lines:
            match = pattern.search(line)
            if match and match.groups() and _NUMBER.fullmatch(match.group(1)):
                found[name] = float(match.group(1))
    return found


def _decoded(value: str) -> str:
    """The SageMaker SDK sends hyperparameters as JSON; others send plain strings."""
    try:
        decoded = json.loads(value)
    except ValueError:
        return value
    return decoded if isinstance(decoded, str) else value
