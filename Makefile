# The commands of a checkout; `make` lists them. Each makes sure that set-up is done.
.DEFAULT_GOAL := help
SHELL := bash
PYTHON := .venv/bin/python
CHECKS := .nightshift/checks
MUTANTS := .nightshift/mutants
BENCH := .nightshift/bench
FLINK := .nightshift/flink
# Units of work at a time: on two cores the third works while the others wait; a fourth makes nothing faster.
WORKERS ?= 3
PLAY = $(PYTHON) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
ENV ?= dev

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv and bring what a night needs (the other targets do it too, and what they need)
	@embedded/setup.sh

setup-test:
	@embedded/setup.sh test

setup-lint:
	@embedded/setup.sh test lint

lock: setup ## pin every package anew, with hashes: requirements/*.in to *.txt; ARGS=--upgrade moves them
	@requirements/lock.sh $(ARGS)

run: ## one night of the pipelines that read files, on made-up data, on this machine alone; ON=serverless|glue|eks|kubernetes
	@./nightshift night $(if $(ON),--on $(ON))

ui: ## the Airflow UI with its scheduler, on localcloud
	@./nightshift ui

test: setup-test ## what CI plays, every room with its real parts, half an hour; ARGS="-k word" chooses
	@$(PLAY) -m "not long" $(ARGS)

test-quick: setup-test ## between two edits: the tests that start no Spark, terraform, Airflow or database; two minutes
	@$(PLAY) --quick $(ARGS)

test-all: setup-test ## hours: every test with thorough Hypothesis, then chaos, compose, MWAA preflight and bench-growth whole
	@HYPOTHESIS_PROFILE=thorough $(PLAY) $(ARGS)
	@$(MAKE) --no-print-directory ARGS= chaos compose-test mwaa-preflight bench-growth

test-costs: setup-test ## make test, and write what each file costs: tests/costs.json, the table of docs/testing.md
	@$(PLAY) -m "not long" --costs=tests/costs.json $(ARGS)
	@$(PYTHON) -m tests.costs

coverage: setup-test ## which lines the quick and the Spark tests run, by room; line by line in .nightshift/coverage/html
	@rm -rf .nightshift/coverage
	@$(PLAY) -p tests.covered --cov --cov-report= --quick $(ARGS)
	@$(PLAY) -p tests.covered --cov --cov-report= --cov-append -m "spark and not long" tests/spark_jobs tests/localcloud/steps $(ARGS)
	@$(PYTHON) -m tests.covered

mutants: setup-test $(MUTANTS)/.made ## a sample of small changes to the code: does a test see each? ARGS="report --share 1" chooses
	@$(PYTHON) -m tests.mutants $(MUTANTS)/bin/python $(ARGS)

$(MUTANTS)/.made: requirements/mutants.txt
	@echo "Making $(MUTANTS) for cosmic-ray (once)" >&2
	@.venv/bin/uv venv --quiet --clear --python $(PYTHON) $(MUTANTS)
	@.venv/bin/uv pip sync --quiet --compile-bytecode --python $(MUTANTS)/bin/python --require-hashes $<
	@touch $@

test-steady: setup-test ## make test five times, each in another order, beside a load of two processes
	@$(PYTHON) -m tests.steady $(ARGS)

chaos: setup-test ## every task and every fault struck, two to three hours, into docs/chaos.md; ARGS="--chaos=continue" goes on
	@$(PYTHON) -m pytest tests/chaos -n 2 --dist load --maxschedchunk=1 --tb=line --chaos=full $(ARGS)

compose-test: setup-test ## docker-compose.yaml for real: built, up, used by its commands and a browser, down
	@$(PYTHON) -m tests.compose

lint: setup-lint $(CHECKS)/.made ## ruff, mypy, checkov, shellcheck and the workflows' schema, as CI runs them
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@$(CHECKS)/bin/checkov --config-file include/terraform/.checkov.yaml
	@$(CHECKS)/bin/shellcheck -x deploy/*.sh embedded/*.sh requirements/*.sh .ci/run .ci/packages nightshift
	@$(CHECKS)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yaml
	@$(CHECKS)/bin/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(CHECKS)/bin/check-jsonschema --builtin-schema vendor.gitlab-ci .gitlab-ci.yml

audit: setup $(CHECKS)/.made ## which pinned packages have advisories that requirements/accepted.toml does not name
	@$(CHECKS)/bin/python requirements/audit.py

$(CHECKS)/.made: requirements/checks.txt
	@echo "Making $(CHECKS) for checkov and its like (once)" >&2
	@.venv/bin/uv venv --quiet --clear --python $(PYTHON) $(CHECKS)
	@.venv/bin/uv pip sync --quiet --compile-bytecode --python $(CHECKS)/bin/python --require-hashes $<
	@touch $@

terraform-test: setup-test ## what terraform's modules and stacks promise, under a mocked provider
	@$(PYTHON) -m pytest tests/terraform/test_offline.py $(ARGS)

plan: ## what a deployment would change; ENV=dev or prod, with credentials of its account
	@deploy/plan.sh $(ENV)

deploy: setup ## foundation, bundle and MWAA of an environment; ENV=dev or prod
	@deploy/apply.sh $(ENV)
	@deploy/bundle.sh $(ENV)

smoke: ## one small night on an environment's MWAA; ENV=dev or prod
	@deploy/smoke.sh $(ENV)

bench-growth: setup-test ## what day 1 and day 400 of a history read and take, beside a full rebuild
	@$(PYTHON) -m benchmarks.growth $(ARGS)

bench-years: setup-test ## what reads the lake with 10 recorded runs and with 2,000: calls to S3, keys listed, seconds
	@PYTHONPATH=plugins:pipelines:include/spark_jobs $(PYTHON) -m benchmarks.years $(ARGS)

bench-load: setup $(BENCH)/.made ## a full load of mrhealth_sales beside DuckDB: CPU and wall by layer; ARGS="--orders 100000 --floor"
	@PYTHONPATH=plugins $(PYTHON) -m benchmarks.load $(ARGS)

bench-words: setup $(BENCH)/.made ## wordcount beside DuckDB, Polars and tr | sort | uniq -c: CPU and wall; ARGS="--mb 100"
	@$(PYTHON) -m benchmarks.words $(ARGS)

$(BENCH)/.made: requirements/bench.txt
	@echo "Making $(BENCH) for DuckDB and Polars (once)" >&2
	@.venv/bin/uv venv --quiet --clear --python $(PYTHON) $(BENCH)
	@.venv/bin/uv pip sync --quiet --compile-bytecode --python $(BENCH)/bin/python --require-hashes $<
	@touch $@

bench-costs: setup-test ## thirty nights of each size on localcloud's EMR by a clock of its own: estimate beside bill, idle share
	@PYTHONPATH=plugins $(PYTHON) -m benchmarks.costs $(ARGS)

bench-packs: setup-test ## four pipelines on four clusters and on one that they share, on localcloud's EMR by a clock of its own
	@PYTHONPATH=plugins $(PYTHON) -m benchmarks.packs $(ARGS)

prices: setup ## refresh include/prices.toml from AWS's published price lists; FILES="AmazonEC2.csv ElasticMapReduce.csv …" REGION=sa-east-1
	@./nightshift prices --file $(FILES) $(if $(REGION),--region $(REGION))

flink: setup $(FLINK)/.made ## bring Flink for `./nightshift run wordcount --engine flink` (700 MB, once)

$(FLINK)/.made: include/flink_jobs/requirements.txt embedded/flink.sh
	@embedded/flink.sh $(FLINK) $<

mwaa-bundle: setup ## what Amazon MWAA takes, into .nightshift/mwaa/; ENV=dev or prod
	@$(PYTHON) -m deploy.mwaa.bundle --environment $(ENV) $(ARGS)

mwaa-tools: setup ## terraform and its provider into the bucket that MWAA's workers fetch them from; ENV=dev or prod
	@$(PYTHON) -m deploy.mwaa.tools --environment $(ENV) $(ARGS)

python-archive: setup ## Python 3.11 for EMR Serverless, packed under its hash into .nightshift/python/; ARGS="--home DIR"
	@$(PYTHON) -m deploy.python_archive $(ARGS)

mwaa-preflight: setup-test ## the bundle unpacked, imported and played as on MWAA: Python 3.12, its constraints and settings
	@$(PYTHON) -m pytest tests/mwaa/preflight.py -q -s -p no:cacheprovider $(ARGS)

docs: setup ## write product.md, Athena's views and the README's table from the contracts, and the schema of a contract
	@PYTHONPATH=plugins $(PYTHON) -m nightshift.report.product_page .
	@PYTHONPATH=plugins $(PYTHON) -m nightshift.report.views include/terraform
	@PYTHONPATH=plugins $(PYTHON) -m nightshift_contract.schema docs/contract.schema.json

screenshots: setup ## README's pictures: the newest kept night of mrhealth_sales, Airflow as its test left it (Debian's chromium)
	@$(PYTHON) -m tests.screenshots

format: setup ## let ruff write the code its way
	@$(PYTHON) -m ruff check --fix --quiet . || true
	@$(PYTHON) -m ruff format .

down: ## stop this tree's localcloud, if it is running
	@if [ -x $(PYTHON) ]; then LOCALCLOUD_HOME=.localcloud $(PYTHON) -m localcloud down; fi

clean: down ## remove what runs left (records, logs, downloads), not the environment
	@rm -rf .nightshift .localcloud .venv/.nightshift-setup

.PHONY: help setup setup-test setup-lint lock run ui test test-quick test-all test-costs coverage mutants test-steady chaos compose-test lint audit terraform-test plan deploy smoke bench-growth bench-load bench-words bench-years bench-costs bench-packs prices flink mwaa-bundle mwaa-tools python-archive \
  mwaa-preflight docs screenshots format down clean
