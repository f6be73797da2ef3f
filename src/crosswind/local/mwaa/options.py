"""AirflowConfigurationOptions of the API, and the settings that make local Airflow quick."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from crosswind.local.edge.call import ServiceError

__all__ = ["airflow_settings", "check_options", "ineffective"]

# Set by MWAA itself (its image's configuration, "essential" settings) or by this world for the same purpose.
_FORCED_SECTIONS = frozenset({"database", "metrics", "celery_broker_transport_options"})
_FORCED = frozenset(
    {
        "api.base_url",
        "api.host",
        "api.port",
        "api.secret_key",
        "api_auth.jwt_algorithm",
        "api_auth.jwt_secret",
        "core.auth_manager",
        "core.dags_folder",
        "core.execution_api_server_url",
        "core.executor",
        "core.fernet_key",
        "core.load_examples",
        "core.multi_team",
        "core.plugins_folder",
        "core.simple_auth_manager_all_admins",
        "logging.base_log_folder",
        "logging.logging_config_class",
        "scheduler.standalone_dag_processor",
        "triggerer.queues_enabled",
    }
)

_FAST = {
    "core.parallelism": "4",
    "core.min_serialized_dag_update_interval": "1",
    "core.execute_tasks_new_python_interpreter": "False",
    "dag_processor.parsing_processes": "1",
    "dag_processor.refresh_interval": "5",
    "dag_processor.min_file_process_interval": "5",
    "dag_processor.print_stats_interval": "0",
    # How late the end of a task may be noticed. A deferred task that resumes before its first half is known to
    # have ended counts as failed; at the default of 5 s our one-second jobs are that quick.
    "workers.min_heartbeat_interval": "1",
    "scheduler.scheduler_idle_sleep_time": "0.1",
    "scheduler.scheduler_heartbeat_sec": "2",
    "api.workers": "1",
    "api.log_fetch_timeout_sec": "2",
}


def check_options(options: Mapping[str, str]) -> None:
    """Refuse options that no environment can have.

    Raises:
        ServiceError: `ValidationException`, when an option is not `section.option`, or is MWAA's own to set.
    """
    for key in sorted(options):
        if not re.fullmatch(r"[a-z]+([a-z0-9._]*[a-z0-9_]+)?", key) or not all(key.partition(".")[::2]):
            raise ServiceError(
                "ValidationException",
                f"AirflowConfigurationOptions: '{key}' is not of the form section.option, in lower case",
            )
        if key in _FORCED or key.partition(".")[0] in _FORCED_SECTIONS:
            raise ServiceError(
                "ValidationException",
                f"AirflowConfigurationOptions: '{key}' is set by Amazon MWAA and cannot be overridden",
            )


def ineffective(options: Mapping[str, str]) -> tuple[str, ...]:
    """The options that local MWAA takes but that change nothing here (Celery's)."""
    return tuple(key for key in sorted(options) if key.startswith("celery."))


def airflow_settings(options: Mapping[str, str], home: Path, plugins: Path, port: int) -> dict[str, str]:
    """The environment variables that configure one Airflow, without its keys.

    Args:
        options: the environment's AirflowConfigurationOptions; they win over the fast defaults.
        home: AIRFLOW_HOME; `dags`, `logs` and the database lie in it.
        plugins: the plugins folder of the current build.
        port: the loopback port of the API server.
    """
    url = f"http://127.0.0.1:{port}"
    forced = {
        "api.base_url": url,
        "api.host": "127.0.0.1",
        "api.port": str(port),
        "api_auth.jwt_algorithm": "HS512",
        "core.dags_folder": str(home / "dags"),
        "core.execution_api_server_url": f"{url}/execution/",
        "core.executor": "LocalExecutor",
        "core.load_examples": "False",
        "core.plugins_folder": str(plugins),
        # No login: the server listens on the loopback address only.
        "core.simple_auth_manager_all_admins": "True",
        # Several components write to one file: each waits for the others for a while.
        "database.sql_alchemy_conn": f"sqlite:///{home / 'airflow.db'}?timeout=10",
        "logging.base_log_folder": str(home / "logs"),
        "logging.colored_console_log": "False",
        "triggerer.queues_enabled": "False",
    }
    merged = {**_FAST, **options, **forced}
    variables = {_variable(key): value for key, value in sorted(merged.items())}
    # MWAA defines this connection in every environment: an `aws` connection with the execution role's rights.
    return {"AIRFLOW_HOME": str(home), "AIRFLOW_CONN_AWS_DEFAULT": "aws://", **variables}


def _variable(key: str) -> str:
    section, _, option = key.partition(".")
    return f"AIRFLOW__{section.upper()}__{option.upper().replace('.', '_')}"
