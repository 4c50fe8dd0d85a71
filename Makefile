# `make` without a target is `make help`. It prints `## text` of each target, and `##@ text` of each group.
SHELL := dev/shell.sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# A failed target ends with the program's own message and exit code 1, without "make: *** Error 1" below it: with
# --question, make prints nothing where a recipe ends with 1. With it, make runs only lines that begin with +. So every
# line of a recipe begins with $(DO), or with $(SHOW), which prints the command. dev/shell.sh ends each of them with 0 or 1.
DRY_RUN := $(findstring n,$(filter-out --%,$(firstword $(MAKEFLAGS))))
SHOW := $(if $(DRY_RUN),,+)
DO := $(SHOW)@
MAKEFLAGS += $(if $(DRY_RUN),,--question)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.run
INSTALLED := $(VENV)/.installed
PROVIDER := dev/provider/node_modules/.installed
UI := ui/node_modules/.installed
PAGE := ui/dist/index.html

PROGRESS := bash dev/progress.sh
PREFLIGHT = $(or $(wildcard $(BIN)/python),$(PYTHON)) dev/preflight.py
NPM_CI := ci --loglevel=error --no-update-notifier
PIP_INSTALL := $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps

##@ Use
.PHONY: run
run: ## start the local platform: http://localhost:8080/billing/
	$(DO)$(PREFLIGHT) python node disk ports
	$(DO)$(MAKE) -s -k -j3 $(RUN) $(PROVIDER) $(PAGE)
	$(DO)echo "starting the platform"
	$(DO)exec $(BIN)/python -m dev run

.PHONY: token
token: $(RUN) ## print an access token of a running platform: make token USER=alice
	$(DO)$(BIN)/python -m dev token $(if $(filter command line,$(origin USER)),"$(USER)",)

.PHONY: notifications
notifications: $(RUN) ## print what the receiver of a running platform got; the URL of a channel is http://127.0.0.1:8083/
	$(DO)$(BIN)/python -m dev notifications

.PHONY: stop-part start-part
stop-part: $(RUN) ## stop one part of the running platform, to test an outage: make stop-part PART=billing
	$(DO)$(BIN)/python -m dev stop-part "$(PART)"
start-part: $(RUN) ## start a stopped part: make start-part PART=billing
	$(DO)$(BIN)/python -m dev start-part "$(PART)"

.PHONY: help
help: ## print this list
	$(DO)awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z][a-z0-9-]*:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Develop
.PHONY: install
install: ## install all packages, pinned by hash, into .venv and node_modules
	$(DO)$(PREFLIGHT) python node
	$(DO)$(MAKE) -s -k -j3 $(INSTALLED) $(PROVIDER) $(UI)

.PHONY: test
test: lint test-ui test-python ## run lint, type checks, and all tests except the slow ones

.PHONY: test-python
test-python: $(INSTALLED) $(PROVIDER) $(UI) $(PAGE) ## run only the Python tests of `make test`
	$(SHOW)$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow_fault and not e2e"

.PHONY: test-ui
test-ui: $(UI) ## run the page's unit tests
	$(SHOW)cd ui && npm run --silent test

.PHONY: test-faults
test-faults: $(INSTALLED) $(PROVIDER) ## run the slow tests: time limits, load, kill -9, generated requests, the cluster test with a fake (20 minutes)
	$(SHOW)$(BIN)/python -m pytest -m slow_fault

.PHONY: test-e2e
test-e2e: $(INSTALLED) $(PROVIDER) $(UI) $(PAGE) ## test the page in Chromium with the local platform, including the login
	$(SHOW)$(BIN)/python -m pytest tests/e2e -m e2e

.PHONY: screenshots
screenshots: $(UI) ## test every state of the page in Chromium, and write pictures to ui/screenshots/ (10 minutes)
	$(SHOW)cd ui && npm run --silent screenshots

.PHONY: pictures
pictures: $(UI) ## write the pictures of the page's sections to docs/images/
	$(SHOW)cd ui && npm run --silent pictures

.PHONY: test-keycloak
test-keycloak: $(INSTALLED) ## test the identity rules with a real Keycloak 26 (needs Java 17 and Maven, or KEYCLOAK_HOME)
	$(SHOW)$(BIN)/python -m pytest tests/keycloak

.PHONY: test-distributed
test-distributed: $(INSTALLED) ## test the billing service on Citus: make test-distributed DATABASE_URL=postgresql://superuser@host/postgres
	$(DO)DATABASE_URL="$(DATABASE_URL)" $(BIN)/python tests/kit/citus.py
	$(SHOW)DATABASE_URL_TEST="$(DATABASE_URL)" DISTRIBUTED=1 $(BIN)/python -m pytest tests/integration/billing_service

.PHONY: audit
audit: ## check the locked packages for known vulnerabilities (needs access to the advisories)
	$(DO)[ -x .venv-audit/bin/pip-audit ] || { $(PYTHON) -m venv .venv-audit && .venv-audit/bin/python -m pip install -q \
		--disable-pip-version-check --require-hashes -r requirements-audit.lock; }
	$(DO).venv-audit/bin/python dev/audit.py

FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: $(INSTALLED) ## fuzz the token checks, guided by coverage (FUZZ_SECONDS=60)
	$(DO)$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --only-binary atheris \
		-r requirements-fuzz.lock || { echo "NOT FUZZED: atheris has no wheel for this Python and platform" >&2; exit 1; }
	$(DO)mkdir -p .build
	$(SHOW)PYTHONPATH=. $(BIN)/python tests/fuzz/fuzz_token.py -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=.build/fuzz-

.PHONY: ui
ui: $(UI) ## serve the page in watch mode on http://localhost:5173/billing/ (needs a running platform)
	$(DO)cd ui && npm run dev

.PHONY: page
page: $(PAGE) ## build the page into ui/dist

.PHONY: lint
lint: $(INSTALLED) $(UI) ## run ruff, mypy, import-linter, eslint, tsc, and the checks of this repository (invariants, words)
	$(SHOW)$(BIN)/ruff check .
	$(SHOW)$(BIN)/ruff format --check .
	$(SHOW)$(BIN)/mypy
	$(SHOW)$(BIN)/lint-imports --no-logo --no-cache
	$(SHOW)$(BIN)/python -m dev.invariants
	$(SHOW)$(BIN)/python -m dev.words
	$(SHOW)cd ui && npm run --silent lint && npm run --silent typecheck && npm run --silent check:types-drift

.PHONY: format
format: $(INSTALLED) ## format the Python code
	$(SHOW)$(BIN)/ruff format .
	$(SHOW)$(BIN)/ruff check --fix .

.PHONY: generate
generate: $(INSTALLED) $(UI) ## write the generated files: OpenAPI, manifests, the page's types
	$(DO)$(BIN)/python -m dev.generate
	$(DO)cd ui && npm run --silent generate

.PHONY: new-function
new-function: $(INSTALLED) ## create a function's folder: make new-function NAME=unit-costs; edit it, then run make generate
	$(DO)$(BIN)/python -m dev.generate.new_function "$(NAME)"

UV_COMPILE = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
.PHONY: lock
lock: ## update the lock files from pyproject.toml (UPGRADE=1: use newer versions)
	$(SHOW)$(UV_COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements.lock
	$(SHOW)$(UV_COMPILE) $(if $(UPGRADE),--upgrade) --no-deps -c requirements.lock --group websocket -o functions/live/requirements.lock
	$(SHOW)$(UV_COMPILE) $(if $(UPGRADE),--upgrade) -c requirements.lock --group service -o requirements-service.lock
	$(SHOW)$(UV_COMPILE) $(if $(UPGRADE),--upgrade) -c requirements.lock -c requirements-service.lock -c functions/live/requirements.lock \
		pyproject.toml --group run -o requirements-run.lock
	$(SHOW)$(UV_COMPILE) $(if $(UPGRADE),--upgrade) -c requirements-run.lock \
		pyproject.toml --group dev -o requirements-dev.lock
	$(SHOW)$(UV_COMPILE) $(if $(UPGRADE),--upgrade) --group fuzz -o requirements-fuzz.lock
	$(SHOW)$(UV_COMPILE) $(if $(UPGRADE),--upgrade) --group audit -o requirements-audit.lock
	$(SHOW)$(UV_COMPILE) $(if $(UPGRADE),--upgrade) --group forecast -o requirements-forecast.lock
	$(SHOW)$(UV_COMPILE) $(if $(UPGRADE),--upgrade) --no-deps --group forecast-data -o requirements-forecast-data.lock

.PHONY: clean
clean: ## remove installed and built files, but not .data (the local database)
	$(SHOW)rm -rf $(VENV) .build .mypy_cache .ruff_cache .pytest_cache dev/provider/node_modules ui/node_modules ui/dist

include bench.mk
include knative/rollout.mk

# What `make run` needs. `make test` and `make lint` add their tools to the same environment.
$(RUN): requirements-run.lock
	$(DO)$(PREFLIGHT) python
	$(DO)echo "installing the Python packages into $(VENV)"
	$(DO)$(PROGRESS) "installing the Python packages" bash -ec '[ -x $(BIN)/pip ] || $(PYTHON) -m venv $(VENV); \
		$(PIP_INSTALL) --require-hashes -r $<'
	$(DO)touch $@

$(INSTALLED): requirements-dev.lock pyproject.toml $(RUN)
	$(DO)echo "installing the Python packages of tests and lint into $(VENV)"
	$(DO)$(PROGRESS) "installing the Python packages" bash -ec '$(PIP_INSTALL) --require-hashes -r $<; \
		$(PIP_INSTALL) --no-build-isolation -e .'
	$(DO)touch $@

$(PROVIDER): dev/provider/package.json dev/provider/package-lock.json
	$(DO)$(PREFLIGHT) node
	$(DO)echo "installing the OpenID provider"
	$(DO)$(PROGRESS) "installing the OpenID provider" npm --prefix dev/provider $(NPM_CI) >/dev/null
	$(DO)touch $@

$(UI): ui/package.json ui/package-lock.json
	$(DO)$(PREFLIGHT) node
	$(DO)echo "installing the page's packages"
	$(DO)$(PROGRESS) "installing the page's packages" npm --prefix ui $(NPM_CI) >/dev/null
	$(DO)touch $@

# Where ui/node_modules is installed, it is renewed first if it is old. Its date alone does not build the page again.
$(PAGE): dev/build-page.sh ui/package-lock.json ui/index.html ui/vite.config.ts $(shell find ui/src ui/public -type f 2>/dev/null) \
		| $(wildcard $(UI))
	$(DO)$(PREFLIGHT) node
	$(DO)echo "building the page"
	$(DO)$(PROGRESS) "building the page" bash dev/build-page.sh
	$(DO)touch $@
