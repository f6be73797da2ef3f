"""Real Airflow processes are killed for real while the real example runs: schedules by seed, and what must hold.

Each schedule is one run of both pipelines of the example, deployed by the product's own code on a local world whose
Airflow notices kills within seconds. Up to three times a process is killed (SIGKILL), or a person marks, clears or
deletes, at moments told by what is seen, not by a clock. Afterwards, from AWS as each account's root sees it and from
Airflow's API:

- **versions**: every model has a record (`lineage.json`), which names the versions of a published handover, exactly;
  no key of that handover has ever had another version, at the source or at the destination; the training job's channels
  lie below its prefix; it is the newest of the Asset events that started the run. A training task that succeeded has
  such a model;
- **once**: no two Glue runs or training jobs of one attempt group (DAG, run, task, map index, max_tries) were live at
  once, and none was submitted after another of its group had succeeded: it was due to be adopted. A task that succeeded
  has a job of its very group that did. The function was invoked at most once for each claimed attempt, and no further
  attempt was claimed after an answer;
- **orphans**: from the moment at which a look at Airflow shows that no live task owns a live job (its task has ended,
  or is in another attempt group, or gone), it is asked to stop, or ends, before the end of the first run of the
  reaper's DAG that begins later and succeeds, and in any case within the reaper's interval and `PATIENCE` more.
  Functions cannot be stopped, and are left out;
- **ends**: every DAG run succeeds; or fails where each failed task was marked failed by the schedule, or was hit by
  more kills than it has retries. A run that the schedule deletes need not end;
- **nothing lost**: every handover that was published has started a run, and a model was trained on it, or on a newer
  one of the same run, which lists it as superseded; unless the schedule ended that run;
- **nothing denied**: the roles allow everything that recovery asks for.

`pytest tests/kills --schedules 50` runs the five fixed schedules, one for each important kind, and 45 at random;
`--seed N` one of them. What a seed does is the same every time; how processes interleave is not.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.kills.facts import timeline
from tests.kills.invariants import orphaned, violations
from tests.kills.play import play
from tests.kills.schedule import FIXED, schedule
from tests.kills.stage import REAP_SECONDS, RETRIES, Stage


def test_a_schedule_of_kills(stage: Stage, seed: int, say: Callable[[str], None]) -> None:
    chosen = schedule(seed)
    began = time.monotonic()
    say(f"seed {seed}: {len(chosen.faults)} faults{f', a replica {chosen.late} s late' if chosen.late else ''}")
    facts = play(stage, chosen, say)
    left = [each.gone - each.since for each in orphaned(facts) if each.gone is not None]
    say(
        f"  {', '.join(run.state for run in facts.runs)}; {len(facts.jobs)} jobs, {len(facts.models)} models"
        f"{f', orphaned for {max(left):.1f} s' if left else ''}; {time.monotonic() - began:.0f} s"
    )
    found = [f"{invariant}: {text}" for invariant, text in violations(facts, REAP_SECONDS, RETRIES)]
    if seed < len(FIXED) and facts.done < len(chosen.faults):
        found.append("a fixed schedule has missed a moment")
    if found:
        again = f"again: pytest tests/kills --seed {seed}; the world's files: {stage.process.state.root}"
        pytest.fail("\n".join([*found, again, timeline(facts)]), pytrace=False)
