from pathlib import Path

import pytest

from crosswind.local.edge.call import ServiceError
from crosswind.local.mwaa.options import airflow_settings, check_options, ineffective


def settings(options: dict[str, str]) -> dict[str, str]:
    return airflow_settings(options, Path("/env/home"), Path("/env/plugins"), 8123)


def test_options_become_variables():
    found = settings({"secrets.backend": "a.B", "core.dag_run_conf_overrides_params": "False"})
    assert found["AIRFLOW__SECRETS__BACKEND"] == "a.B"
    assert found["AIRFLOW__CORE__DAG_RUN_CONF_OVERRIDES_PARAMS"] == "False"


def test_options_win_over_the_fast_settings_only():
    found = settings({"core.parallelism": "7"})
    assert found["AIRFLOW__CORE__PARALLELISM"] == "7"
    assert found["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert found["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8123/execution/"


def test_dags_stay_paused_at_creation_unless_asked():
    assert "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION" not in settings({})


@pytest.mark.parametrize(
    "key",
    ["core", "core.", ".executor", "Core.x", "core.x y", "AIRFLOW__CORE__X", "core.executor", "database.x"],
)
def test_keys_that_are_refused(key: str):
    with pytest.raises(ServiceError, match=r"ValidationException.*AirflowConfigurationOptions") as caught:
        check_options({key: "1"})
    assert caught.value.code == "ValidationException"


def test_celery_options_are_taken_and_named():
    check_options({"celery.worker_autoscale": "5,5", "core.parallelism": "2"})
    assert ineffective({"celery.worker_autoscale": "5,5", "core.parallelism": "2"}) == ("celery.worker_autoscale",)
