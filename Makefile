# Verbs of panhuo. Every target has a help line; `make` alone prints them.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DATA ?= service/sample
HOME_DIR ?= .panhuo/demo
export OMP_WAIT_POLICY ?= PASSIVE
export OMP_NUM_THREADS ?= 2
export OPENBLAS_NUM_THREADS ?= 2

.PHONY: help setup demo serve client test soak check fix bench clean

help: ## Print this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /\1\t/' | expand -t 10

setup: $(STAMP) ## Install panhuo and its tools into .venv

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "setup: found $$($(PYTHON) --version 2>/dev/null || echo no $(PYTHON)); expected Python 3.11 or newer; name one with: make setup PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "setup: found no $(PYTHON) that can make a virtual environment; expected Python 3.11 or newer with its venv module; run: sudo apt install python3 python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[notebooks,otel,ray]' --group dev
	@touch $@

demo: $(STAMP) ## Run the whole way on the sample catalogue, or on a folder: make demo DATA=dir
	$(BIN)/panhuo demo --data $(DATA) --home $(HOME_DIR)

serve: $(STAMP) ## Start the API on 127.0.0.1:8000 over the demo's home
	$(BIN)/panhuo serve --home $(HOME_DIR)

client: $(STAMP) ## Make the typed Python client of the API: build/client, a wheel in build/client/dist
	@mkdir -p build
	$(BIN)/panhuo openapi --out build/openapi.json
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/openapi-python-client generate --path build/openapi.json --config clients/python/config.yaml --meta setup --output-path build/client --overwrite --fail-on-warning
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build/client/dist build/client

test: $(STAMP) ## Run every test
	$(BIN)/python -m pytest -q

soak: $(STAMP) ## What takes long: a push killed 50 times, 20,000 requests made out of the API's description
	PANHUO_WRITER_TURNS=200 PANHUO_WRITER_P99=1 PANHUO_BACKUP_WRITERS=8 PANHUO_BACKUP_SECONDS=60 $(BIN)/python -m pytest -q -s tests/faults/test_many_writers.py tests/service/running/test_saving.py
	PANHUO_KILLS=$${PANHUO_KILLS:-50} $(BIN)/python -m pytest -q -s tests/faults/test_push_kills.py
	PANHUO_SCHEMA_EXAMPLES=$${PANHUO_SCHEMA_EXAMPLES:-450} $(BIN)/python -m pytest -q -s tests/service/client/test_schema.py

check: $(STAMP) ## Check format, lint, types, floors and room sizes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -q tests/house

fix: $(STAMP) ## Format and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP) ## Measure import, build, requests and a tenth of the national push: make bench DATA=dir
	$(BIN)/panhuo bench road --data $(DATA) --home .panhuo/bench
	$(BIN)/panhuo bench scale --patents 94000 --firms 45000 --from $(DATA) --plain

clean: ## Remove what make built (not your homes)
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
