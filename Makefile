# Everything here needs Python 3.11-3.13 and make, nothing else.
PYTHON ?= $(shell for candidate in python3.12 python3.13 python3.11 python3 python; do \
	if $$candidate -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then echo $$candidate; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
TESTS ?= tests/unit tests/integration
JOBS ?= 4

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "; printf "\nUsage: make TARGET\n\n"} /^[a-z-]+:.*## / {printf "  \033[36m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: requirements/develop.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "scheduledtask needs Python 3.11, 3.12 or 3.13 on PATH; name one with make PYTHON=/path/to/python3.12" >&2; exit 2; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version); this takes about a minute the first time"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/develop.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

.PHONY: install
install: $(VENV)/.installed ## Set up .venv with everything, from the locked requirements

.PHONY: demo
demo: install ## Run the examples on this machine: light tasks, and a training that starts from zero workers
	@exec $(BIN)/scheduledtask dev -f examples

.PHONY: test
test: install ## Run unit and integration tests: real Redis, real Celery workers
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(TESTS)

.PHONY: lint
lint: install ## Check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: docs
docs: install ## Build the documentation's site into build/site, strictly
	$(BIN)/mkdocs build --strict

.PHONY: format
format: install ## Put the code into the one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: services
services: install ## Test against Debian's servers: Redis with TLS, Sentinels and users, PostgreSQL; fetched, not installed
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not long" tests/services

.PHONY: services-full
services-full: install ## The same, and what takes long: Redis away for ten minutes
	$(BIN)/python -m pytest -n 2 --dist worksteal tests/services

.PHONY: cluster-up
cluster-up: install ## Start a real cluster for tests; docs/testing-on-a-cluster.md says which, and what it needs
	$(BIN)/python -m tests.cluster up

.PHONY: cluster-down
cluster-down: install ## Remove that cluster; what was built for it is kept
	$(BIN)/python -m tests.cluster down

# One process has the cluster, the other what asks an API server of its own, or Helm alone.
BESIDE_A_CLUSTER := -n 2 --dist loadscope --no-loadscope-reorder

.PHONY: e2e
e2e: cluster-up ## Test on a real cluster what takes seconds; start it if it does not run
	$(BIN)/python -m pytest $(BESIDE_A_CLUSTER) tests/e2e tests/chart -m "not long"

.PHONY: e2e-full
e2e-full: cluster-up ## Test everything on a real cluster: storms, long failovers
	$(BIN)/python -m pytest $(BESIDE_A_CLUSTER) tests/e2e tests/chart

.PHONY: demo-cluster
demo-cluster: install ## Run the examples on a real cluster, and show how to look at them
	@$(BIN)/python -m tests.cluster demo

.PHONY: image
image: install ## Build every image with docker or buildah; print their sizes, write build/sbom/
	$(BIN)/python -m images $(if $(BASE),--base $(BASE))

.PHONY: bench
bench: install ## Measure, and print the figures of docs/benchmarks.md
	$(BIN)/python -m tests.bench

PLUGIN := build/kubectl-scheduledtask
PLUGIN_PACKAGES := build/plugin-packages
# Made where it is to run: pydantic's core is compiled for one platform and one Python.
.PHONY: plugin
plugin: install ## Build kubectl scheduledtask as one file for this platform, and say how to install it
	@rm -rf $(PLUGIN_PACKAGES) && mkdir -p build
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --target $(PLUGIN_PACKAGES) -r requirements/plugin.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(PLUGIN_PACKAGES) .
	@$(BIN)/shiv --site-packages $(PLUGIN_PACKAGES) --compressed --python '/usr/bin/env $(notdir $(shell readlink -f $(BIN)/python))' \
		--console-script kubectl-scheduledtask --output-file $(PLUGIN)
	@echo "$(PLUGIN): $$(du -h $(PLUGIN) | cut -f1). Put it on PATH: cp $(PLUGIN) ~/.local/bin/, then kubectl scheduledtask list"

.PHONY: crds
crds: install ## Generate crds/ from the models, and the chart's copy
	$(BIN)/scheduledtask crds --directory crds
	cp crds/*.yaml helm/scheduledtask-operator/files/crds/

.PHONY: chart
chart: install ## Generate the chart's README and docs/permissions.md
	$(BIN)/python -m helm.readme > helm/scheduledtask-operator/README.md
	$(BIN)/python -m scheduledtask_operator.manifests.installation_page > docs/permissions.md

.PHONY: dashboards
dashboards: install ## Generate Grafana's dashboards, Prometheus' alerts, and the chart's copies
	$(BIN)/python -m dashboards

BUILTIN_CATALOG := operator/scheduledtask_operator/cluster/builtin_catalog.json

.PHONY: catalog
catalog: install ## Write down what our own images offer, for the operator, which imports no task code
	$(BIN)/python -m scheduledtask_workloads.catalog > $(BUILTIN_CATALOG).new
	$(BIN)/python -m json.tool --indent 2 $(BUILTIN_CATALOG).new $(BUILTIN_CATALOG)
	rm $(BUILTIN_CATALOG).new

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header
LOCK_IMAGE = $(LOCK) --constraint requirements/runtime.txt

.PHONY: lock
lock: install ## Resolve requirements/*.txt anew, with hashes, for all supported Pythons
	$(LOCK) --all-extras pyproject.toml -o requirements/runtime.txt
	$(LOCK) --all-extras --group develop pyproject.toml -o requirements/develop.txt
	$(LOCK_IMAGE) --extra operator pyproject.toml -o requirements/operator.txt
	$(LOCK_IMAGE) --extra plugin pyproject.toml -o requirements/plugin.txt
	$(LOCK_IMAGE) --extra workloads pyproject.toml -o requirements/workloads.txt
	$(LOCK_IMAGE) --extra workloads --extra light-tasks pyproject.toml -o requirements/runners.txt
	$(LOCK_IMAGE) --extra workloads --extra tasks pyproject.toml -o requirements/worker-ml.txt
	$(LOCK) --group pyproject.toml:image -o requirements/image.txt

.PHONY: clean
clean: ## Remove .venv, caches and the demo's state
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis examples/.scheduledtask
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
