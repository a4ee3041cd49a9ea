# The verbs of gort. Each is a thin line over cargo or a script; `make help` lists them.
# Everything that is built or fetched lands in target/.

PREFIX ?= /usr/local
LIBDIR ?=
DESTDIR ?=
# Files and directories for the demo; none: this project's own.
FILES ?=
# Stages of the tests, e.g. STAGES="c docs"; none: all.
STAGES ?=
# Options for the benchmarks, see python3 benches/run.py --help, and whom to measure beside Go: PEERS=all.
BENCH ?= --write
PEERS ?= go
# How many random programs, from which seed on; and how long to soak.
N ?= 500
SEED ?= 1
MINUTES ?= 20
# UPDATE=--update records the binary interface as it is.
UPDATE ?=

LIBRARY := target/release/libgort.so
SONAME = libgort.so.$(shell sed -n '/metadata.capi.library/,$$s/^version = "\([0-9]*\).*/\1/p' rt-ffi/Cargo.toml)
INSTALL := python3 scripts/install.py

.DEFAULT_GOAL := help
.PHONY: help build demo test sanitize miri check fmt fuzz soak bench bench-python count bench-readme header wheel install \
    uninstall abi dist clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F '|' '{ printf "%-20s %s\n", $$1, $$2 }'

build: ## libgort.so and libgort.a, into target/release, and what GORTDEBUG=pthreadlock=1 preloads
	@scripts/need.sh cargo cc
	cargo build --release -p rt-ffi --target-dir target
	@$(CC) -std=gnu99 -O2 -fPIC -shared -fvisibility=hidden -Wall -Wextra -Wpedantic -Werror preload/pthreadlock.c \
	    -o target/release/libgort_pthreadlock.so -ldl
	@ln -sfn libgort.so target/release/$(SONAME)

demo: build ## count this project's words and start a million goroutines; FILES="..." counts others
	@scripts/demo.sh $(FILES)

test: ## everything: Rust, models, C, examples, Python, docs, install, counts; STAGES="c docs" for some
	@scripts/need.sh cargo cc c++ python3 venv readelf
	@python3 scripts/test.py $(STAGES)

sanitize: build ## the C tests as programs with the thread, and the address and UB sanitizers
	@scripts/need.sh cc python3
	python3 tests/run_c.py --sanitize both

miri: ## the Rust unit tests under Miri: what needs neither assembly nor a stack of its own
	@scripts/need.sh miri
	MIRIFLAGS=-Zmiri-disable-isolation cargo +nightly miri test -p rt-core --lib --target-dir target/miri

check: ## formatting, lints, stale header, tools that do not parse
	@scripts/need.sh cargo rustfmt clippy python3
	@python3 scripts/check.py

fmt: ## format the Rust sources
	cargo fmt --all

fuzz: build ## random programs against Go, and random misuse; N= SEED=
	@scripts/need.sh cc python3 venv
	python3 tests/fuzz/run.py -n $(N) --seed $(SEED) --misuse $(N)

soak: build ## every kind of load at once for MINUTES=, with invariants and flat memory
	@scripts/need.sh cc
	@mkdir -p target/soak
	$(CC) -std=c99 -O2 -g -Iinclude tests/soak/*.c -o target/soak/soak -Ltarget/release -lgort \
	    -Wl,-rpath,$(CURDIR)/target/release -lpthread
	target/soak/soak $(MINUTES) $(SEED)

bench: build ## measure against Go, into benches/RESULTS.md; BENCH="--only ..." for options
	@scripts/need.sh cc python3 venv
	python3 benches/run.py --peers $(PEERS) $(BENCH)

bench-python: wheel ## measure the Python package beside gevent, asyncio and threads, into benches/RESULTS.md too
	@scripts/need.sh python3 venv
	python3 benches/run_python.py $(BENCH)

count: build ## instructions of the hottest operations against their baselines; BENCH=--update takes new ones
	@scripts/need.sh cc python3 valgrind
	python3 benches/count.py $(filter-out --write,$(BENCH))

bench-readme: ## copy tables of benches/RESULTS.md into README.md
	python3 scripts/readme-bench.py

header: ## include/gort.h from rt-ffi
	scripts/header.sh

wheel: ## the Python wheel, into target/wheels
	scripts/python.sh wheel

$(LIBRARY):
	@$(MAKE) --no-print-directory build

install: $(LIBRARY) ## PREFIX= LIBDIR= DESTDIR=; libraries, header, gort.pc, CMake package, docs, examples
	@scripts/need.sh python3 readelf ld objcopy
	$(INSTALL) install --prefix "$(PREFIX)" --libdir "$(LIBDIR)" --destdir "$(DESTDIR)"

uninstall: ## with the same PREFIX= LIBDIR= DESTDIR=
	$(INSTALL) uninstall --prefix "$(PREFIX)" --libdir "$(LIBDIR)" --destdir "$(DESTDIR)"

abi: build ## compare the binary interface with the recorded one, abi/; UPDATE=--update records it
	@scripts/need.sh cc nm
	python3 scripts/abi.py $(UPDATE)

dist: ## a source archive that builds offline, into target/dist
	scripts/dist.sh

clean: ## remove target/
	rm -rf target
