"""A script of SageMaker processing: the mean of all marks. Its files are where SageMaker puts them."""

import csv
import json
import pathlib

marks = [
    float(row[1])
    for path in sorted(pathlib.Path("/opt/ml/processing/input/marks").glob("*.csv"))
    for row in csv.reader(path.open())
]
pathlib.Path("/opt/ml/processing/output/scores/mean.json").write_text(json.dumps({"mean": sum(marks) / len(marks)}))
pathlib.Path("/opt/ml/output/message").write_text(f"{len(marks)} marks")
print(f"scored {len(marks)} marks")  # noqa: T201 - its log
