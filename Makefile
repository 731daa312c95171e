# make demo: an LSTM learns from real data.  make test: the checks before a commit, about ten minutes.
# make test-deep: what is slow or rare, half an hour.  make bench: speed, beside other libraries
# (make bench ARGS=--quick: small rows).  make bench-stream: a sample at a time, in C and others.
# make bench-gpu: recurrences on an NVIDIA GPU (ARGS=--quick: two minutes).  make coverage: the tests
# of `make test`, and which lines none of them runs; it takes half as long again.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo bench bench-stream bench-gpu test test-deep lint types stubs pytest coverage mutants native clean

demo: $(VENV)/ready-plot
	$(BIN)/python examples/co2_forecast.py

bench: $(VENV)/ready-bench
	$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python benchmarks/recurrent.py $(ARGS)

bench-stream: $(VENV)/ready-bench
	$(BIN)/python -c 'import emx_onnx_cgen' 2>/dev/null || $(BIN)/python -m pip install --quiet emx-onnx-cgen==1.4.0
	$(BIN)/python -c 'import tflite_micro' 2>/dev/null || $(BIN)/python -m pip install --quiet --pre tflite-micro
	$(BIN)/python benchmarks/stream.py $(ARGS)

bench-gpu: $(VENV)/ready-plot
	$(BIN)/python -c 'import jax; jax.devices("gpu")' 2>/dev/null || $(BIN)/python -m pip install --quiet "jax[cuda13]"
	$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python benchmarks/gpu.py $(ARGS)

test: lint types pytest

lint: $(VENV)/ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/ready-test
	$(BIN)/mypy

# Each worker starts with one half of the tests, file by file; who is ready first takes over from the
# other's end, so that what a file prepares is rarely made twice.
PYTEST := $(BIN)/python -m pytest -n 2 --dist worksteal --durations=20

pytest: $(VENV)/ready-test
	$(PYTEST) -m "not deep"

# Other random examples each time: `make test-deep SEED=...` has those of an earlier run again.
SEED := $(shell date +%s)

test-deep: $(VENV)/ready-test
	$(PYTEST) -m deep --hypothesis-seed=$(SEED)

# Faults planted one at a time in a copy of the tree: which do the fast tests catch? A part of them:
# make mutants ARGS="--only saving".
mutants: $(VENV)/ready-test
	$(BIN)/python tools/mutants -j 2 $(ARGS)

coverage: $(VENV)/ready-test
	$(PYTEST) -m "not deep" --cov --cov-report=term

# What editors and type checkers see, after a change of a declaration.
stubs: $(VENV)/ready-test
	$(BIN)/python tools/stubs.py

# The native code after a change of it, beside its loader. It wants cmake and ninja, the machine's or
# those of the tests' environment.
native:
	PATH="$$PATH:$(CURDIR)/$(BIN)" cmake -S native -B build/native -G Ninja
	PATH="$$PATH:$(CURDIR)/$(BIN)" cmake --build build/native --parallel 2 --target cello_libraries
	PATH="$$PATH:$(CURDIR)/$(BIN)" cmake --install build/native

# One environment; `ready-plot` has what the demo needs, `ready-test` what the tests need besides.
$(VENV)/ready-%: pyproject.toml $(wildcard native/*.* native/cuda/*)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	rm -f src/cello/native/libcello_* src/cello/native/_runner.*
	$(BIN)/python -m pip install --quiet --editable ".[$*]"
	$(BIN)/python -c "from cello import native; print(native.missing() or 'kernels: ' + native.isa())"
	touch $@

clean:
	rm -rf $(VENV) build
