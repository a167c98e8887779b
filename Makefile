# Each target makes its own .venv from a bare python3 (3.11 or later) and installs what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PROJECTS := pyproject.toml constraints.txt host/pyproject.toml plugins/okta/pyproject.toml \
            plugins/okta_aws_federation/pyproject.toml

.PHONY: demo test soak lint format bench record

demo: $(STAMP)
	$(BIN)/rolecall demo

# The whole tree, then what uses a store once more on a PostgreSQL server that the tests start and end.
test: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist loadgroup -q
	$(BIN)/python -m pytest -n auto --dist loadgroup -q --store=postgresql

# A thousand time-limited grants expire while the service is killed twenty times; the suite does it with a hundred.
soak: $(STAMP)
	ROLECALL_SOAK=1000 $(BIN)/python -m pytest -n 0 -q tests/e2e/test_expiry_under_kills.py

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Records the cassettes anew, from the simulator; of a live org where ROLECALL_RECORD_DOMAIN, _APP, _TOKEN are set,
# with writes where _PERSON and _GROUP are set too: they must be there for nothing else.
record: $(STAMP)
	$(BIN)/python -m pytest tests/plugins/okta/directory/recorded tests/plugins/okta_aws_federation/recorded --record-mode=rewrite -q

# Takes half an hour; BENCH="--docs" writes the figures and the chart into docs/performance.md.
bench: $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group bench
	$(BIN)/python -m tests.bench $(BENCH)

$(STAMP): $(PROJECTS)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip==$$(sed -n 's/^pip==//p' constraints.txt)"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev \
	    --editable './host[keyring,postgresql,testing]' --editable './plugins/okta[simulator]' --editable './plugins/okta_aws_federation[demo]'
	touch $@
