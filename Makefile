# Every target is one command that works without make as well; `make help` lists them.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
DIR    ?= .slipway
PORT   ?= 3000
STACK  ?= $(or $(COMPOSE_PROJECT_NAME),slipway)

PROJECTS := . code_locations/contracts code_locations/ingestion code_locations/transformation code_locations/reporting
EDITABLE := $(foreach project,$(PROJECTS),-e $(project))
LOCATIONS := $(patsubst %,code_locations/%,ingestion transformation reporting)
SOURCES  := slipway demo bench tests code_locations/contracts/src $(LOCATIONS:%=%/src) $(LOCATIONS:%=%/tests)

.PHONY: help demo ui up down dev logs doctor test check lint types imports bench lock clean
.DEFAULT_GOAL := help

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/embedded.done ## From nothing to a finished report on this machine (LANDING=<folder of CSV files>, DIR=<where>)
	@$(BIN)/slipway --dir "$(DIR)" demo $(if $(LANDING),--landing "$(LANDING)")

ui: $(VENV)/embedded.done ## Serve the UI with all locations and the daemon for what `make demo` made (PORT=3000)
	@$(BIN)/slipway --dir "$(DIR)" ui --port $(PORT)

up: ## Start the whole stack in Docker, or take over what has changed; waits until it is healthy
	@docker compose up --detach --build --wait && docker compose run --rm --no-deps init credentials

down: ## Stop the stack and what it runs; data, history and secrets stay
	@docker compose stop daemon
	@docker ps --quiet --filter "label=slipway.stack=$(STACK)" | xargs -r docker stop --time 30 >/dev/null
	@docker compose down

dev: ## The stack with the code of this checkout mounted: edit, press Reload, run
	@SLIPWAY_CHECKOUT="$(CURDIR)" docker compose -f docker-compose.yaml -f deploy/compose/dev.yaml --project-directory . \
	  up --detach --build --wait && docker compose run --rm --no-deps init credentials

logs: ## Follow the stack's logs (SERVICE=daemon for one)
	@docker compose logs --follow --tail 100 $(SERVICE)

doctor: $(VENV)/embedded.done ## Check this machine, the settings and the running stack; names the fix
	@$(BIN)/slipway doctor

test: $(VENV)/dev.done ## Run every test and check that this machine can run, and say what was left out
	@$(BIN)/python -m tests.run

check: lint types imports ## Lint, types, import rules: what `make test` checks before it tests

lint: $(VENV)/dev.done ## Check style (ruff)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/dev.done ## Check types (mypy, strict)
	$(BIN)/mypy $(SOURCES)

imports: $(VENV)/dev.done ## Check that imports point one way (import-linter)
	$(BIN)/lint-imports

bench: $(VENV)/dev.done ## Measure: bookkeeping, a year of files, the stack beside the reference (see docs/performance.md)
	$(BIN)/python bench/sqlite_storage.py && $(BIN)/python bench/year.py && $(BIN)/python bench/stack.py --json

lock: ## Resolve requirements/*.in into hashed lock files, all with the versions of dev.txt (needs uv)
	@for name in dev embedded stack control ingestion transformation reporting shop; do \
	  uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet \
	    $$([ $$name = dev ] || echo --constraint requirements/dev.txt) \
	    requirements/$$name.in -o requirements/$$name.txt; done

clean: ## Remove the virtual environment and what the demo made
	rm -rf "$(VENV)" "$(DIR)"

# One environment; the locks say exactly what is in it. The editable installs build without fetching anything.
$(VENV)/%.done: requirements/%.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing requirements/$*.txt into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/$*.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(EDITABLE)
	@touch $@
