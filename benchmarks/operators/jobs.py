"""How long the jobs themselves took in a run, as Glue, SageMaker and Lambda tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from benchmarks.operators.pairs import BLOCKING, OURS, PLAIN, Pair
from benchmarks.operators.runs import Run
from crosswind.errors import RunError

__all__ = ["Jobs"]

_FOR = re.compile(r"run (\S+): removed")
_TOOK = re.compile(r"REPORT .*\bDuration: ([\d.]+) ms\tBilled")


@dataclass(frozen=True)
class Jobs:
    """The seconds of the jobs themselves, as their services tell.

    Args:
        glue: a client at the processing site.
        sagemaker: a client at the ml site.
        logs: a client at the ml site, for what Lambda reports.
    """

    glue: Any
    sagemaker: Any
    logs: Any

    def seconds(self, run: Run) -> float:
        """The jobs' own time in a run: Glue, training and Lambda."""
        glue, training, function = self._glue(run), self._training(run), self._lambda(run)
        if not glue or not training or not function:
            raise RunError(f"{run.pair.name}: a job is not found (Glue {glue}, training {training}, Lambda {function})")
        return glue + training + function

    def _glue(self, run: Run) -> float:
        seconds = 0.0
        for each in self.glue.get_job_runs(JobName="mwaa_glue_raw_to_transform")["JobRuns"]:
            folder = each["Arguments"]["--prefix"].split("/")[1]
            if run.began <= each["StartedOn"].timestamp() <= run.ended and _pair_of(folder) == run.pair:
                seconds += (each["CompletedOn"] - each["StartedOn"]).total_seconds()
        return seconds

    def _training(self, run: Run) -> float:
        after = datetime.fromtimestamp(run.began, UTC)
        found = self.sagemaker.list_training_jobs(CreationTimeAfter=after, MaxResults=100)["TrainingJobSummaries"]
        seconds = 0.0
        for name in (each["TrainingJobName"] for each in found):
            job = self.sagemaker.describe_training_job(TrainingJobName=name)
            if job["CreationTime"].timestamp() <= run.ended and _pair_of(name.split("-")[1]) == run.pair:
                seconds += (job["TrainingEndTime"] - job["CreationTime"]).total_seconds()
        return seconds

    def _lambda(self, run: Run) -> float:
        """From the lines that the function and Lambda wrote: which run it was for, then how long it took."""
        began, ended = int(run.began * 1000), int(run.ended * 1000) + 1
        group = "/aws/lambda/dagcleanup"
        seconds, served = 0.0, None
        for event in self.logs.filter_log_events(logGroupName=group, startTime=began, endTime=ended)["events"]:
            if found := _FOR.search(event["message"]):
                served = _pair_of(found[1])
            elif served == run.pair and (found := _TOOK.search(event["message"])):
                seconds += float(found[1]) / 1000
        return seconds


def _pair_of(word: str) -> Pair:
    """Whose a job is, by the word that the plain pairs put into its names."""
    plain: Mapping[str, Pair] = {pair.name: pair for pair in (PLAIN, BLOCKING)}
    return plain.get(word, OURS)
