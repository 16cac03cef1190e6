# Two commands do everything on a fresh machine: `make demo` and `make test`.
# They need Python 3.11 to 3.14 and make; no compiler, no Docker.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

LOCK := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header

#: The sandbox of the acceptance runs: local or compose.
DRIVER ?= local

# The suite starts hundreds of processes; compiling the package in each of them anew would be a sixth of their time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test lint types suite slow coverage engine matrix rehearse diagnose soak kill examples bench gallery requirements wheel hooks clean

help: ## Show the targets.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/.run ## Set everything up and run a first drill.
	@$(BIN)/drills demo

test: $(VENV)/.dev lint types suite ## Linters, types, and the tests that need no Docker and are quick.

lint: $(VENV)/.dev ## Style, format and the direction of imports.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: $(VENV)/.dev ## Types, strictly, of all but the tests.
	$(BIN)/mypy

suite: $(VENV)/.dev ## The tests that need no Docker and are quick.
	$(BIN)/python -m pytest -m 'not engine and not slow' -n 3 --dist loadgroup -q

slow: $(VENV)/.dev ## The tests that bring up the whole included system, or take many seconds; no Docker. TESTS=files.
	$(BIN)/python -m pytest -m 'slow and not engine' -n 3 --dist loadgroup -q $(TESTS)

coverage: $(VENV)/.dev ## The same tests, and which lines they reach; a quarter slower.
	$(BIN)/python -m pytest -m 'not engine' -n 3 --dist loadgroup -q --cov=drills --cov-report=term:skip-covered

engine: $(VENV)/.dev ## The tests that need a Docker engine and the compose CLI. TESTS=files or options of pytest.
	$(BIN)/python -m pytest -m engine -q $(TESTS)

matrix: $(VENV)/.dev ## Each drill with its runbook, with none and with tempting others; writes docs/scenario-matrix.md.
	$(BIN)/python -m acceptance.matrix --driver $(DRIVER); status=$$?; $(BIN)/python -m acceptance.matrix_document; exit $$status

rehearse: $(VENV)/.dev ## Run each runbook's read-only steps on a healthy sandbox.
	$(BIN)/python -m acceptance.rehearsals --driver $(DRIVER)

diagnose: $(VENV)/.dev ## Run each runbook's read-only steps during its failure and check their output.
	$(BIN)/python -m acceptance.diagnostics --driver $(DRIVER)

soak: $(VENV)/.dev ## Each drill three times: the same verdict each time?
	$(BIN)/python -m acceptance.soak --driver $(DRIVER) --times 3

kill: $(VENV)/.dev ## SIGKILL the runner at 100 moments of the drills' lives; everything must be undone.
	$(BIN)/python -m acceptance.kill --driver $(DRIVER) --times 100

examples: $(VENV)/.dev ## Drill the systems of examples/; EXAMPLES="miniflux" takes one of them.
	$(BIN)/python -m acceptance.examples $(EXAMPLES)

bench: $(VENV)/.dev ## The benchmarks; each prints ratios against a peer measured in the same run.
	$(BIN)/python benchmarks/probe_cost.py
	$(BIN)/python benchmarks/prober_scale.py
	$(BIN)/python benchmarks/crash_to_alert.py
	$(BIN)/python benchmarks/command_start.py

gallery: $(VENV)/.dev ## Run the five drills and keep their reports in reports/gallery/.
	$(BIN)/python -m acceptance.gallery

requirements: $(VENV)/.dev ## Pin the dependencies anew, with hashes.
	$(BIN)/python -m pip install --quiet uv
	$(LOCK) pyproject.toml requirements/build.in -o requirements/run.txt
	$(LOCK) --extra dev pyproject.toml requirements/build.in -o requirements/dev.txt
	$(LOCK) -c requirements/run.txt shop/requirements.in -o shop/requirements.txt
	$(LOCK) -c requirements/run.txt shop/load.in -o shop/load.txt

hooks: $(VENV)/.dev ## Check style, types and the workspace at each commit.
	$(BIN)/pre-commit install

wheel: $(VENV)/.dev ## Build the wheel.
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean: ## Remove what these targets made.
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 15) else \
		"drills needs Python 3.11 to 3.14, this is %d.%d; try: make PYTHON=python3.12" % sys.version_info[:2])'
	@$(PYTHON) -m venv $(VENV)

# The locks are complete, so nothing is resolved: pip 23 refuses a hashed lock as soon as a newer version of a package that
# somebody requires with an extra is published. `pip check` holds that nothing was missing.
$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing (once) ..."
	@$(PIP) install --require-hashes --no-deps --only-binary :all: -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(PIP) check
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the tests need (once) ..."
	@$(PIP) install --require-hashes --no-deps --only-binary :all: -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(PIP) check
	@$(BIN)/drills schema > /dev/null
	@touch $@ $(VENV)/.run
