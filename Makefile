# Everything a developer types. Needs Python 3.11 or newer and make; .venv is made when it is missing or out of date.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header
CATALOGUES := bot/locales

.PHONY: help rehearse run doctor invite backup test check crash-test bench lock words

help:
	@echo "make rehearse    see eight weeks with Kith on a simulated Discord, without an account"
	@echo "make run         run Kith with the settings in .env"
	@echo "make doctor      look at everything Kith needs, and say what to mend"
	@echo "make invite      print the link that adds Kith to a server"
	@echo "make backup      copy the database while Kith runs"
	@echo "make test        run the tests"
	@echo "make check       formatting, lint, types, and that migrations agree with the model"
	@echo "make crash-test  kill Kith again and again, and count what was lost or doubled"
	@echo "make bench       measure how quickly Kith answers"
	@echo "make lock        pin the newest fitting requirements, with hashes"
	@echo "make words       gather the sentences people read into the translators' catalogues"

rehearse: $(INSTALLED)
	$(BIN)/kith rehearse

run doctor invite backup: $(INSTALLED)
	@$(BIN)/kith $@

test: $(INSTALLED)
	$(BIN)/pytest --numprocesses=3 --dist=worksteal

check: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/pytest -q tests/test_migrations.py -k "migrations_agree_with_the_model and sqlite"

crash-test: $(INSTALLED)
	$(BIN)/python -m tests.crash

bench: $(INSTALLED)
	$(BIN)/python -m tests.bench

lock: $(INSTALLED)
	$(LOCK) --upgrade --output-file requirements.txt
	$(LOCK) --upgrade --extra dev --constraint requirements.txt --output-file requirements-dev.txt

# A new language begins with its folder: mkdir -p bot/locales/fr && make words.
words: $(INSTALLED)
	@$(BIN)/pybabel -q extract --keyword=locale_str --project=Kith --no-wrap --sort-by-file --add-location=file \
		--output-file=.venv/kith.pot bot cogs
	@for folder in $(CATALOGUES)/*/; do \
		$(BIN)/pybabel -q update --init-missing --no-wrap --no-fuzzy-matching --ignore-obsolete \
			--ignore-pot-creation-date --domain=kith --input-file=.venv/kith.pot --output-dir=$(CATALOGUES) \
			--locale="$$(basename "$$folder")" || exit 1; \
	done

# Every download is held to the hash in the lock; Kith itself is then linked in, with the setuptools from the lock.
$(INSTALLED): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Kith needs Python 3.11 or newer. Name one: make PYTHON=python3.13 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "This Python can't make a virtual environment. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
