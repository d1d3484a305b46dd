# Everything here needs python3 (3.11 to 3.14), make and the package index; nothing needs root,
# git, or an activated environment.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test slow check format lint types layers cassettes bench clean

help:  ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

# A stamp per set of packages, renewed when pyproject.toml changes.
$(VENV)/run.stamp: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "glmbench needs Python 3.11 or newer; say which with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group test
	@touch $@

$(VENV)/dev.stamp: $(VENV)/test.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@

demo: $(VENV)/run.stamp  ## replay the quickstart suite from its cassettes
	$(BIN)/glmbench run prompts/quickstart.yaml

test: $(VENV)/test.stamp  ## run the tests
	$(BIN)/python -m pytest

slow: $(VENV)/test.stamp  ## run the tests that take long
	$(BIN)/python -m pytest -m slow

check: lint types layers test  ## everything that must hold before a commit

lint: $(VENV)/dev.stamp  ## format and lint, without changing anything
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/dev.stamp  ## mypy --strict
	$(BIN)/mypy

layers: $(VENV)/dev.stamp  ## the import contracts
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp  ## put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

cassettes: $(VENV)/run.stamp  ## record the shipped cassettes again, from our own emulator
	$(BIN)/python scripts/record_cassettes.py

bench: $(VENV)/test.stamp  ## what glmbench itself costs
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/validate.py
	$(BIN)/python benchmarks/trials.py
	$(BIN)/python benchmarks/replay.py
	$(BIN)/python benchmarks/decoding.py
	$(BIN)/python benchmarks/client.py
	$(BIN)/python benchmarks/accuracy.py
	$(BIN)/python benchmarks/recording.py
	$(BIN)/python benchmarks/store.py
	$(BIN)/python benchmarks/pacing.py
	$(BIN)/python benchmarks/kill.py

clean:  ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
