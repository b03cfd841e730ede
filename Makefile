# The commands of a checkout; `make` lists them. Each makes sure that set-up is done.
.DEFAULT_GOAL := help
SHELL := bash
PYTHON := .venv/bin/python
CHECKS := .nightshift/checks
FLINK := .nightshift/flink

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv and bring what a night needs (the other targets do it too)
	@embedded/setup.sh

run: ## one night of the pipelines that read files, on made-up data, on this machine alone
	@./nightshift night

ui: ## the Airflow UI with its scheduler, on localcloud
	@./nightshift ui

test: setup ## every test; ARGS="-k word" chooses
	@$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

chaos: setup ## every task and every fault struck, over an hour, into docs/chaos.md; ARGS="--chaos=continue" goes on
	@$(PYTHON) -m pytest tests/chaos -n 2 --dist load --maxschedchunk=1 --tb=line --chaos=full $(ARGS)

lint: setup $(CHECKS)/.made ## ruff, mypy and checkov, as CI runs them
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@$(CHECKS)/bin/checkov --config-file include/terraform/.checkov.yaml

$(CHECKS)/.made: requirements/checks.txt
	@echo "Making $(CHECKS) for checkov (about half a minute, once)" >&2
	@$(PYTHON) -m venv --clear $(CHECKS)
	@$(CHECKS)/bin/pip install --quiet --disable-pip-version-check -r requirements/checks.txt
	@touch $@

bench-growth: setup ## what day 1 and day 400 of a history read and take, beside a full rebuild
	@$(PYTHON) -m benchmarks.growth $(ARGS)

flink: setup $(FLINK)/.made ## bring Flink for `./nightshift run wordcount --engine flink` (700 MB, once)

$(FLINK)/.made: include/flink_jobs/requirements.txt embedded/flink.sh
	@embedded/flink.sh $(FLINK) $<

mwaa-bundle: setup ## what Amazon MWAA takes, into .nightshift/mwaa/; NAME=acme-night-prod is the deployment's
	@$(PYTHON) -m deploy.mwaa.bundle --name "$(or $(NAME),$(error say which deployment: make $@ NAME=acme-night-prod))" $(ARGS)

mwaa-tools: setup ## terraform and its provider into the bucket that MWAA's workers fetch them from; NAME as above
	@$(PYTHON) -m deploy.mwaa.tools --name "$(or $(NAME),$(error say which deployment: make $@ NAME=acme-night-prod))" $(ARGS)

mwaa-preflight: setup ## the bundle unpacked, imported and played as on MWAA: Python 3.12, its constraints and settings
	@$(PYTHON) -m pytest tests/deploy/mwaa_preflight.py -q -s -p no:cacheprovider $(ARGS)

docs: setup ## write docs/products/ from the pipelines' contracts
	@PYTHONPATH=plugins $(PYTHON) -m nightshift.product_page docs/products

format: setup ## let ruff write the code its way
	@$(PYTHON) -m ruff check --fix --quiet . || true
	@$(PYTHON) -m ruff format .

down: ## stop this tree's localcloud, if it is running
	@if [ -x $(PYTHON) ]; then LOCALCLOUD_HOME=.localcloud $(PYTHON) -m localcloud down; fi

clean: down ## remove what runs left (records, logs, downloads), not the environment
	@rm -rf .nightshift .localcloud .venv/.nightshift-setup

.PHONY: help setup run ui test chaos lint bench-growth flink mwaa-bundle mwaa-tools mwaa-preflight docs format down clean
