"""Trains as SageMaker's built-in XGBoost does, on one CPU machine.

Usage: `xgboost_launcher.py OPT_ML`, where OPT_ML has the layout of a training container's `/opt/ml`. Reads CSV
without a header, the label first (docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html); prints the metric lines
that the published metric definitions match; writes `model/xgboost-model`. A failure is written to
`output/failure`, and the exit code says whose it is: 2 the customer's input, 1 the algorithm's.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

__all__ = ["main"]

_REQUIRED = ("num_round",)
# Hyperparameters of SageMaker's that are no parameters of the booster's.
_OURS = {
    "num_round",
    "eval_metric",
    "early_stopping_rounds",
    "csv_weights",
    "_tuning_objective_metric",
    "silent",
}


class CustomerError(Exception):
    """The input is wrong."""


def _hyperparameters(opt_ml: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((opt_ml / "input/config/hyperparameters.json").read_text())
    for name in _REQUIRED:
        if name not in found:
            raise CustomerError(f"Missing required hyperparameter: {name}")
    try:
        if int(found["num_round"]) < 1:
            raise ValueError
    except ValueError:
        raise CustomerError(
            f"Hyperparameter num_round: value {found['num_round']!r} is not an integer of 1 or more"
        ) from None
    return found


def _files(folder: Path) -> list[Path]:
    """All data files; names that begin with a dot or an underscore are not data (`_SUCCESS`)."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name[0] not in "._")


def _rows(path: Path) -> list[list[float]]:
    rows = []
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            if not row:
                continue
            try:
                rows.append([float(cell) if cell.strip() else float("nan") for cell in row])
            except ValueError as error:
                raise CustomerError(
                    f"Failed to load csv data with exception: {error} ({path.name} line {number};"
                    " the file must have no header, the label first, and numbers alone)"
                ) from None
    return rows


def _matrix(opt_ml: Path, channel: str, *, weighted: bool) -> Any:
    import numpy

    folder = opt_ml / "input/data" / channel
    files = _files(folder) if folder.is_dir() else []
    rows = [row for path in files for row in _rows(path)]
    if not rows:
        raise CustomerError(f"No data found in the {channel} channel")
    if len({len(row) for row in rows}) > 1 or len(rows[0]) < 2 + weighted:
        raise CustomerError(f"The rows of the {channel} channel differ in length, or hold no feature")
    table = numpy.asarray(rows, dtype=numpy.float32)
    if numpy.isnan(table[:, 0]).any():
        raise CustomerError(f"A row of the {channel} channel has no label")
    return _xgboost().DMatrix(table[:, 1 + weighted :], label=table[:, 0], weight=table[:, 1] if weighted else None)


def _content_type(opt_ml: Path) -> None:
    channels: dict[str, dict[str, str]] = json.loads((opt_ml / "input/config/inputdataconfig.json").read_text())
    if "train" not in channels:
        raise CustomerError("Missing required channel: train")
    for name, channel in channels.items():
        kind = channel.get("ContentType", "").split(";")[0]
        if kind not in ("text/csv", "csv"):
            raise CustomerError(f"Channel {name}: the local world reads text/csv, not {kind or 'libsvm (the default)'}")


def _xgboost() -> Any:
    # XGBoost imports scikit-learn for its own estimators, which nobody uses here; it takes 1.5 of 2 seconds.
    sys.modules.setdefault("sklearn", None)  # type: ignore[arg-type] # None means: cannot be imported
    import xgboost

    return xgboost


def _train(opt_ml: Path) -> None:
    given = _hyperparameters(opt_ml)
    _content_type(opt_ml)
    weighted = given.get("csv_weights", "0") == "1"
    train = _matrix(opt_ml, "train", weighted=weighted)
    watched = [(train, "train")]
    if (opt_ml / "input/data/validation").is_dir():
        watched.append((_matrix(opt_ml, "validation", weighted=weighted), "validation"))
    for matrix, name in watched:
        print(f"{name.capitalize()} matrix has {matrix.num_row()} rows and {matrix.num_col()} columns")  # noqa: T201 - the container's own log
    parameters: dict[str, Any] = {name: value for name, value in given.items() if name not in _OURS}
    parameters.setdefault("nthread", 2)
    if "eval_metric" in given:
        parameters["eval_metric"] = [name.strip() for name in given["eval_metric"].split(",")]
    early = given.get("early_stopping_rounds")
    xgboost = _xgboost()
    try:
        booster = xgboost.train(
            parameters, train, int(given["num_round"]), evals=watched,
            early_stopping_rounds=int(early) if early else None,
        )  # fmt: skip
    except xgboost.core.XGBoostError as error:
        # xgboost names its own source lines before the message, and a native stack after it.
        raise CustomerError(f"XGB train call failed with exception:\n{_first_lines(str(error))}") from error
    model = opt_ml / "model/xgboost-model"
    model.write_bytes(bytes(booster.save_raw("ubj")))


def _first_lines(text: str) -> str:
    return text.partition("\nStack trace:")[0].strip()


def main(opt_ml: Path) -> int:
    """Train.

    Args:
        opt_ml: the folder that stands for `/opt/ml`.

    Returns:
        The exit code.
    """
    try:
        _train(opt_ml)
    except CustomerError as error:
        (opt_ml / "output/failure").write_text(str(error), encoding="utf-8")
        sys.stderr.write(f"ERROR - {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
