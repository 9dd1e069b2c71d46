# Two commands do all the set-up: `make demo` runs the main job on this machine, `make test` passes the tests.
# Each makes its own environment in .venv from the locks in requirements/, and can be run alone.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test test-wheel check format docs lock clean help

help:                       ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: $(READY)              ## from nothing to a trained model and its report, on this machine
	$(BIN)/supersvg-cloud demo

test: $(READY)              ## all tests
	$(BIN)/python -m pytest

test-wheel: $(READY)        ## the unit tests against the built wheel, away from the sources
	SUPERSVG_WHEEL_TESTS=all $(BIN)/python -m pytest tests/e2e/test_packaging.py

check: $(READY)             ## format, lint, types, import contracts, spelling, generated docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/python -m pytest -q tests/unit/house tests/unit/cloud/test_cloud_errors.py

format: $(READY)            ## put the code into the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY)              ## write the generated pages: commands and exit codes
	$(BIN)/python -m supersvg_cloud.cli.reference

lock: $(READY)              ## renew requirements/dev.txt from dev.in
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile requirements/dev.in --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --quiet --upgrade --output-file requirements/dev.txt

clean:                      ## remove the environment and caches
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The stamp is written last, so that an interrupted install is done again.
$(READY): requirements/dev.txt requirements/torch.txt requirements/torch-cpu.txt requirements/install_torch.py pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("supersvg-cloud needs Python 3.11 or newer; say which with: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked packages (about a minute the first time)"
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python requirements/install_torch.py
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)
