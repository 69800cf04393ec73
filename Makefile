# `make help` lists what there is to say. Everything lands in .venv.

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
STAMP := $(VENV)/.installed
PACKAGES := incumbent flows tasks expectations examples benchmarks
UV_VERSION = $(shell sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements.lock)

# The interpreter that .venv is made with; empty: the first on PATH that will do.
PYTHON ?=

# Two test workers share two cores: more threads in each would only wait for one another.
export OMP_NUM_THREADS ?= 1
# A shell that has another environment active does not steer this one.
unexport VIRTUAL_ENV CONDA_PREFIX PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast test-attacks check bench lock clean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 12

setup: $(STAMP) ## Make .venv and install exactly requirements.lock and the project

$(STAMP): requirements.lock pyproject.toml
	@set -e; \
	fail() { echo "setup: $$1" >&2; exit 1; }; \
	new_enough='import sys; sys.exit(sys.version_info < (3, 11))'; \
	python=; \
	for candidate in $(if $(PYTHON),'$(PYTHON)',python3 python3.14 python3.13 python3.12 python3.11); do \
		if "$$candidate" -c "$$new_enough" >/dev/null 2>&1; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		asked=$(if $(PYTHON),'$(PYTHON)',python3); \
		found=$$("$$asked" --version 2>&1) || found="no $$asked that runs"; \
		fail "Python 3.11 or newer is missing (found: $$found). Bring it: apt-get install python3.11 python3.11-venv, then make setup PYTHON=python3.11"; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
		fail "$$python has no venv module. Bring it: apt-get install $${python##*/}-venv"; \
	fi; \
	if ! $(BIN)/python -c "$$new_enough" >/dev/null 2>&1 || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		echo "setup: $(VENV) with $$("$$python" --version)"; \
		"$$python" -m venv --clear $(VENV); \
	fi; \
	echo "setup: uv $(UV_VERSION)"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); \
	echo "setup: requirements.lock, and bytecode for fast imports"; \
	$(UV) pip sync --quiet --python $(BIN)/python --compile-bytecode requirements.lock; \
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
	touch $@

demo: setup ## A year of real flights: a model decays, is retrained, shadowed and promoted
	$(BIN)/incumbent demo

test: setup ## The suite
	$(BIN)/pytest -n 2 -m "not attack"

test-attacks: setup ## Kills, stops and crowds of runs: what `make test` leaves out
	$(BIN)/pytest -n 2 -m attack

test-fast: setup ## What every commit should pass
	$(BIN)/pytest -n 2 -m "not slow and not integration"

check: setup ## Format, lint, types, layers of imports, the examples in docstrings
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy $(PACKAGES)
	$(BIN)/lint-imports
	$(BIN)/pytest --doctest-modules incumbent

bench: setup ## Measure against peers
	@test -e benchmarks/__main__.py || { echo "bench: there is no benchmark yet (benchmarks/__main__.py)" >&2; exit 1; }
	$(BIN)/python -m benchmarks

lock: setup ## Resolve requirements.lock anew from pyproject.toml
	$(UV) pip compile pyproject.toml --universal --all-extras --group dev --generate-hashes \
		--no-emit-index-url --python-version 3.11 -o requirements.lock

clean: ## Remove .venv and every cache; the state in .incumbent stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +
