# The two commands: `make run` starts the server, `make test` runs the suite.
# Both set up what they need in .venv; PYTHON=python3.12 chooses another interpreter.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
SPHINX := $(BIN)/sphinx-build --fail-on-warning --quiet -c docs . site
OLDEST := .venv-oldest
OLDEST_PYTHON := $(shell python3.10 -c 'print("python3.10")' 2>/dev/null || echo $(PYTHON))
# What touches the dependencies. The world itself imports none but blinker; what is said of the
# package and its documents does not depend on their releases, and what is slow tries much at once:
# each of its parts has a test of its own.
OLDEST_TESTS := $(addprefix tests/,api cli conformance/test_specification.py control dashboard/test_pages.py \
	explorer/test_explore.py explorer/test_strategies.py http_server testing webhooks)
SETTINGS := setup.cfg pyproject.toml
# Images of containers often tell Python to write no bytecode. The tests start the command more than
# a hundred times, and each would compile the package again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test test-oldest check docs screenshots bench bench-peers profile soak release-check clean help

run: $(VENV)/.run  ## Start the server with the demo world; ARGS="--port 0" adds options
	@exec $(BIN)/mock-sendpilot start $(ARGS)

test: $(VENV)/.test  ## Run the whole suite; ARGS="-k webhook" adds options
	$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal $(ARGS)

test-oldest: $(OLDEST)/.test  ## Run what touches the dependencies with the oldest of them
	$(OLDEST)/bin/python -m pytest --numprocesses=auto --dist=worksteal -m "not slow" $(OLDEST_TESTS) $(ARGS)

check: $(VENV)/.check  ## Format, lint, types, the website, layering, docs, packaging
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(SPHINX)
	$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal tests/project

docs: $(VENV)/.check  ## Build the documents as a website; it begins at site/docs/index.html
	$(SPHINX)

screenshots: $(VENV)/.test  ## Take the pictures of the dashboard; it needs chromium
	$(BIN)/python docs/images/dashboard.py

bench: $(VENV)/.check  ## Measure, side by side with a bare Flask app; ARGS="--only patch" chooses
	$(BIN)/python -m benchmarks $(ARGS)

bench-peers: $(VENV)/.check  ## Install other mock servers into .peers, and measure them and ours in turn
	$(BIN)/python -m benchmarks.peers.installation
	$(BIN)/python -m benchmarks --only peers $(ARGS)

profile: $(VENV)/.check  ## Print the CPU of a PATCH, a delivery and a start, layer by layer
	$(BIN)/python -m benchmarks.profile

release-check: $(VENV)/.release  ## Build what a release consists of, and try it in an empty environment
	bash .ci/release-check

soak: $(VENV)/.check  ## Load a server for a minute, then account for each event; ARGS="--minutes 8"
	$(BIN)/python -m benchmarks.soak $(ARGS)

clean:  ## Remove what the other targets made
	rm -rf $(VENV) $(OLDEST) .peers .tox site build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*##/\1:/p' Makefile

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo "Python 3.10 or later is needed; choose one with: make run PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV), once; this takes up to a minute..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python $(SETTINGS)
	@$(PIP) --editable .
	@touch $@

$(VENV)/.test: $(BIN)/python $(SETTINGS)
	@$(PIP) --editable '.[test]'
	@touch $@ $(VENV)/.run

$(VENV)/.check: $(BIN)/python $(SETTINGS)
	@$(PIP) --editable '.[check]'
	@touch $@ $(VENV)/.test $(VENV)/.run

$(VENV)/.release: $(BIN)/python $(SETTINGS)
	@$(PIP) --editable '.[release]'
	@touch $@ $(VENV)/.run

$(OLDEST)/.test: $(SETTINGS) tests/oldest.txt
	@echo "Setting up $(OLDEST) with $(OLDEST_PYTHON), once..."
	@$(OLDEST_PYTHON) -m venv $(OLDEST)
	@$(OLDEST)/bin/python -m pip --disable-pip-version-check install --quiet \
		--constraint tests/oldest.txt --editable '.[test]'
	@touch $@
