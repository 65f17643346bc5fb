# The commands of a checkout. `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
POSTGRES := /usr/lib/postgresql/15/bin/postgres

# The first Python from 3.11 to 3.13 that runs; a version manager's shim may be there and not run.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	if $$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2> /dev/null; \
	then echo $$name; break; fi; done)

# uv where there is one, else the pinned one inside .venv.
UV ?= $(or $(shell command -v uv),$(BIN)/uv)
INSTALL = $(UV) pip install --quiet --python $(BIN)/python --compile-bytecode
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --no-strip-extras --generate-hashes

.PHONY: help setup up demo check test test-full servers docs lock clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(VENV)/.runtime ## .venv with what the product needs, from the lock

up: setup ## start API and Dagster, make and run the demo, serve until Ctrl-C
	@exec $(BIN)/kaireon up --demo $(ARGS)

demo: setup ## the demo against servers that are up
	@exec $(BIN)/kaireon demo

check: $(VENV)/.dev ## style, types, import rules, dependencies, Dockerfile
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/house_rules.py
	$(BIN)/deptry .
	$(BIN)/hadolint Dockerfile

test: $(VENV)/.dev servers ## everything but the long tests
	@exec $(BIN)/python -m pytest -n 2 --dist loadfile -m "not full" $(ARGS)

test-full: $(VENV)/.dev servers ## everything
	@exec $(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

servers: $(VENV)/.dev ## the servers and emulators that the tests start: Debian's packages, and an environment per emulator
	@missing=; \
	[ -x $(POSTGRES) ] || missing="postgresql-15"; \
	command -v redis-server > /dev/null || missing="$$missing redis-server"; \
	command -v mariadbd > /dev/null || missing="$$missing mariadb-server"; \
	command -v npm > /dev/null || missing="$$missing nodejs npm"; \
	if [ -n "$$missing" ]; then \
		echo "The tests start servers of their own: installing Debian's packages" $$missing "(about a minute; none is started) …"; \
		root=; [ "$$(id -u)" = 0 ] || root=sudo; \
		$$root mkdir -p /etc/postgresql-common; \
		echo 'create_main_cluster = false' | $$root tee /etc/postgresql-common/createcluster.conf > /dev/null; \
		still=/usr/sbin/policy-rc.d; [ -e $$still ] || { \
			printf '#!/bin/sh\nexit 101\n' | $$root tee $$still > /dev/null; $$root chmod +x $$still; \
			trap "$$root rm -f $$still" EXIT; }; \
		$$root apt-get update -qq; \
		$$root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
			-o Dpkg::Options::=--force-confold $$missing > /dev/null; \
	fi
	@echo "Making the emulators' environments (two minutes, once) …"
	@$(BIN)/python -m kaireon_orch_tests.servers.environments

docs: setup ## a page for every connector type, below docs/connectors/, and the table of types, docs/types.md
	@$(BIN)/python tools/connector_pages.py docs/connectors
	@$(BIN)/python tools/type_table.py docs/types.md

lock: $(UV) ## write the locks anew from pyproject.toml
	$(LOCK) pyproject.toml --extra all --extra azure --extra celery --extra k8s --extra demo --extra test --group check -o requirements/dev.lock
	$(LOCK) pyproject.toml --extra demo --extra postgresql --extra sqlite --extra amazon_kinesis -c requirements/dev.lock -o requirements/runtime.lock
	$(LOCK) pyproject.toml --extra built -c requirements/dev.lock -o requirements/image.lock

clean: ## remove .venv and caches; .kaireon, which holds data and keys, stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11, 3.12 or 3.13 is needed, as python3 or by its version's name." >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version) …"
	@rm -rf $(VENV)
	@if command -v uv > /dev/null; then uv venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV); \
	else $(PYTHON) -m venv $(VENV) || { echo "On Debian, the package python3-venv is needed." >&2; exit 1; }; fi

$(BIN)/uv: requirements/installer.lock | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<

$(VENV)/.runtime: requirements/runtime.lock pyproject.toml | $(BIN)/python $(UV)
	@echo "Installing what requirements/runtime.lock names (half a minute) …"
	@$(INSTALL) --require-hashes -r requirements/runtime.lock
	@$(INSTALL) --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.runtime
	@echo "Installing what requirements/dev.lock names (a minute) …"
	@$(INSTALL) --require-hashes -r requirements/dev.lock
	@touch $@
