# Two commands for a newcomer: `make demo` and `make test`. The rest is for those who work here.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS := $(VENV)/.installed-peers

# Half of a test's time is waiting for servers and browsers. A file stays whole, so that what it starts is started once; and each worker has
# a mongod of its own, of which four are enough.
SIDE_BY_SIDE = -n auto --maxprocesses 4 --dist loadfile

DEMO_ARGS = $(if $(FOR),--for $(FOR)) $(if $(FAULT),--fault $(FAULT))

.PHONY: help demo test check bench fuzz tools clean

help:
	@echo "make demo [FOR=40] [FAULT=frozen-source]   a world of 423 simulated accounts and the real daemon"
	@echo "     FAULT=frozen-source|throttle|captcha|dead-cookie|dead-token|guest-view|empty-list|slow|reset|wrong-account"
	@echo "make test                                  everything: lint, types, all tests against real servers"
	@echo "make fuzz [MINUTES=10]                       search for bodies that break a parser"
	@echo "make bench                                 ratios against bare limits, measured in one run"

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[embedded,test]'
	@touch $@

demo: $(STAMP)
	@$(BIN)/python daemon.py demo $(DEMO_ARGS)

tools:
	@bash tests/install_tools.sh

test: $(STAMP) tools
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest $(SIDE_BY_SIDE)

# Without the peers of the repost benchmark the rest still runs: the table says what is missing.
$(PEERS): $(STAMP)
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[bench]' && touch $@ || echo "the peers could not be installed"

bench: $(STAMP) $(PEERS)
	@$(BIN)/python -m benchmarks

fuzz: $(STAMP)
	@$(BIN)/python tests/fuzz.py --minutes $(or $(MINUTES),10)

clean:
	rm -rf $(VENV) var build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
