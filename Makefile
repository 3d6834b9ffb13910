# make run    install what the app needs and open it on the demo recording; FILE=run.h5 opens another, PORT=8051 elsewhere
# make test   install what the tests need, Chromium included, and run them all; TESTS=tests/readers runs some
# make check  format, lint and types
# make bench  other packages and Spikeboard on the same data, side by side; NAMES="bins welch" measures some
# make bench-browser  what a person waits for in Chromium, as recordings grow; SIZES="1e6 1e7" takes these, ROUNDS=1 once
# make brian2 the test with Brian2 itself, in an environment of its own: 2.9 does not import with NumPy 2.4
# make docs   the reference page of each view, and the screenshots

VENV := .venv
PYTHON := $(VENV)/bin/python
FILE ?=
PORT ?= 8050
TESTS ?= tests
BENCH := .venv-bench
NAMES ?=
SIZES ?= 1e6 1e7 1e8
ROUNDS ?= 3

.PHONY: run test check brian2 bench bench-browser docs clean

run: .setup/run
	@$(PYTHON) app.py $(if $(FILE),"$(FILE)") --port $(PORT)

test: .setup/test .setup/browser
	$(PYTHON) -m ruff format --check -q .
	$(PYTHON) -m ruff check -q .
	$(PYTHON) -m pyright
	$(PYTHON) -m pytest -q -n 2 --dist loadfile $(TESTS)

check: .setup/test
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m pyright

bench: .setup/bench
	@$(BENCH)/bin/python -m benchmarks $(NAMES)

bench-browser: .setup/test .setup/browser
	@$(PYTHON) -m benchmarks.browser --sizes "$(SIZES)" --rounds $(ROUNDS) --write

brian2:
	@test -d $(VENV)-brian2 || ./scripts/make_venv.sh $(VENV)-brian2
	@$(VENV)-brian2/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[test,test-ui]" "brian2>=2.9" "numpy<2.4"
	$(VENV)-brian2/bin/python -m pytest -q tests/test_brian2_monitors.py

docs: .setup/test .setup/browser
	$(PYTHON) -m docs.make_screenshots
	$(PYTHON) -m docs.make_reference

clean:
	rm -rf $(VENV) $(BENCH) .bench .setup

$(PYTHON):
	./scripts/make_venv.sh $(VENV)

$(BENCH)/bin/python:
	./scripts/make_venv.sh $(BENCH)

.setup/run: pyproject.toml | $(PYTHON)
	@echo "Installing Spikeboard and what it needs into $(VENV) (once)"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable .
	@mkdir -p .setup && touch $@

.setup/test: pyproject.toml | $(PYTHON)
	@echo "Installing what the tests need into $(VENV) (once)"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable ".[test,test-ui,lint]"
	@mkdir -p .setup && touch $@

.setup/bench: pyproject.toml | $(BENCH)/bin/python
	@echo "Installing the packages that are compared into $(BENCH) (once)"
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[bench]"
	@mkdir -p .setup && touch $@

.setup/browser:
	@./scripts/install_browser.sh
	@mkdir -p .setup && touch $@
