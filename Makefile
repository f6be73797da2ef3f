# Two commands matter: `make demo` and `make test`. Both install what they need into .venv first.
SHELL := /bin/bash
PYTHON ?= python3
UV_VERSION := $(shell sed -n '/^name = "uv"$$/{n;s/version = "\(.*\)"/\1/p}' uv.lock)
UV := .uv/bin/uv
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help demo test check golden bench conformance airflow-matrix iam-fuzz crash-schedules kill-schedules generated checkov unit clean

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

demo: .venv/.demo  ## Install, then run the whole example on this machine
	$(BIN)/crosswind demo

test: .venv/.dev  ## Install, then run all tests (unit, golden, local, docs, airflow)
	$(BIN)/pytest tests --ignore=tests/conformance --ignore=tests/simulator --ignore=tests/kills
	$(BIN)/python tests/airflow/matrix.py 3.3.1

unit: .venv/.dev  ## The tests without I/O
	$(BIN)/pytest tests/unit tests/golden

check: .venv/.dev  ## Format, lint, types, import rules
	$(BIN)/ruff format --check src tests examples benchmarks
	$(BIN)/ruff check src tests examples benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

golden: .venv/.dev  ## Write the golden templates anew; review the diff
	$(BIN)/python -m tests.golden.regenerate

bench: .venv/.dev  ## Measure; figures are printed, never asserted
	for bench in benchmarks/*.py; do $(BIN)/python $$bench || exit 1; done

conformance: .venv/.dev  ## The Glue engine against Apache Spark (needs Java)
	$(BIN)/python tests/conformance/spark.py

airflow-matrix: .venv/.dev  ## The Airflow package's tests on every Airflow version it claims
	$(BIN)/python tests/airflow/matrix.py

iam-fuzz: .venv/.dev  ## 100,000 random IAM requests against an independent engine (npm installs it)
	$(BIN)/python -m tests.oracle.fuzz $(FUZZ)

crash-schedules: .venv/.dev  ## 10,000 random crash schedules over the real logic, and that removing its guards is noticed
	$(BIN)/pytest tests/simulator

kill-schedules: .venv/.dev  ## Real Airflow processes, killed amid real runs (SCHEDULES=50 for more than the five of CI)
	$(BIN)/pytest tests/kills -s --schedules $(or $(SCHEDULES),5)

generated: .venv/.dev  ## cfn-lint and prove over 500 generated topologies (COUNT=20 for fewer)
	$(BIN)/python -m tests.generated.many --count $(or $(COUNT),500)

checkov: .venv/.dev  ## checkov over the golden templates, in an environment of its own; its exceptions are in tests/checkov
	$(BIN)/python -m tests.checkov.run $(CHECKOV)

clean:  ## Remove environments, caches and the local world's state
	rm -rf .venv .uv .crosswind .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache examples/*/.crosswind

$(UV): uv.lock
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Crosswind needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet uv==$(UV_VERSION)
	@touch $(UV)

.venv/.demo: pyproject.toml uv.lock | $(UV)
	$(UV) sync --quiet --locked --inexact --python $(PYTHON) --no-dev --extra local
	@touch $@

.venv/.dev: pyproject.toml uv.lock | $(UV)
	$(UV) sync --quiet --locked --python $(PYTHON) --all-extras
	@touch .venv/.demo $@
