"""What SageMaker gives a processing container: `/opt/ml`, as a folder of the job's own.

Source: docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html and byoc-metadata.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["ProcessingFolder"]

_HOST = "algo-1"
# In an argument alone, or after `--name=`.
_OPT_ML = re.compile(r"(^|=)/opt/ml(?=/|$)")
# docs.aws.amazon.com/sagemaker/latest/dg/byoc-metadata.html: "the first 1 KB of this file".
_MESSAGE_BYTES = 1024


class ProcessingFolder:
    """The folder that stands for `/opt/ml`.

    Args:
        root: the folder; made with its parts.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        for part in ("config", "output", "processing"):
            (root / part).mkdir(parents=True, exist_ok=True)

    def place(self, path: str) -> Path:
        """Where a path below `/opt/ml` is.

        Args:
            path: a container's, checked to be below `/opt/ml`.
        """
        return self.root / Path(path).relative_to("/opt/ml")

    def words(self, words: Sequence[str]) -> list[str]:
        """Arguments, or values of variables, with the paths below `/opt/ml` that they name."""
        return [_OPT_ML.sub(lambda found: f"{found[1]}{self.root}", word) for word in words]

    def configure(self, request: Mapping[str, Any], arn: str) -> None:
        """Write the configuration files, and make the folders of the outputs.

        Args:
            request: the CreateProcessingJob request.
            arn: the job's.
        """
        files = {
            "processingjobconfig": {"ProcessingJobArn": arn, **{k: v for k, v in request.items() if k != "Tags"}},
            "resourceconfig": {"current_host": _HOST, "hosts": [_HOST]},
        }
        for name, content in files.items():
            text = json.dumps(content, sort_keys=True, default=str)
            (self.root / f"config/{name}.json").write_text(text, encoding="utf-8")
        for output in request.get("ProcessingOutputConfig", {}).get("Outputs", []):
            self.place(output["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)

    def message(self) -> str:
        """What the container wrote to `/opt/ml/output/message`, cut; empty for nothing.

        Raises:
            ValueError: it is not UTF-8.
        """
        file = self.root / "output/message"
        if not file.is_file():
            return ""
        text = file.read_bytes().decode("utf-8")
        return text.encode()[:_MESSAGE_BYTES].decode(errors="ignore")
