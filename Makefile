# One command each for what is done daily; `make` lists them. Everything is set up in .venv on first use.
PYTHON ?= python3
JOBS   ?= $(shell nproc 2>/dev/null || echo 1)
TORCH  ?= $(REFERENCE)
DEVICE ?= cpu
WHEELS ?=

VENV   := .venv
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip --disable-pip-version-check
STAMPS := $(VENV)/stamps
LOG    := $(VENV)/log
SHELL  := /bin/bash
MAKEFLAGS += --no-print-directory

export CTORCH_BUILD_JOBS ?= $(JOBS)
# With a folder of wheels, every pip below takes from it alone.
ifneq ($(WHEELS),)
export PIP_NO_INDEX := 1
export PIP_FIND_LINKS := $(abspath $(WHEELS))
endif

SOURCES := setup.py pyproject.toml $(shell find src -type f -not -path '*/_gen/*' -not -name '_gen_*' -not -path src/ctorch/__init__.pyi -not -path '*.egg-info*' \
	\( -name '*.py' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.pyi' -o -name '*.pxi' -o -name '*.h' -o -name '*.toml' -o -name '*.cu' -o -name '*.cuh' \))
REFERENCED := $(if $(filter-out 0,$(TORCH)),$(STAMPS)/torch)

# $(call step,what is done,command): one line with its time. Where it fails, the first error is shown, or the end.
define step
@mkdir -p $(STAMPS); start=$$SECONDS; printf '  %-44s' '$(1)'; \
if { $(2); } >$(LOG) 2>&1; then printf '%4d s\n' $$((SECONDS - start)); \
else printf 'failed\n\n'; grep -i -m 1 -A 25 'error[ :]' $(LOG) || tail -n 25 $(LOG); \
printf '\nAll that was said is in %s\n' $(LOG); exit 1; fi
endef

.PHONY: help demo test test-gradients test-properties test-programs test-softcuda test-gpu check-kernels test-asan bench bench-gpu lint format docs wheel build clean
help:
	@echo 'make demo        train a network on handwritten digits      (ARGS="--epochs 5"; DEVICE=cuda)'
	@echo 'make test        build, install and test                    (TORCH=1 compares with PyTorch; ARGS="-k add"; JOBS=1)'
	@echo 'make test-gradients  derivatives of every operator, all samples of each'
	@echo 'make test-properties   each operator on 500 drawn inputs, counted     (EXAMPLES=full: 1000; PART="fft linalg")'
	@echo 'make test-programs   20000 random programs, gradients too, beside PyTorch   (TORCH=1; N=100000; CTORCH_PROGRAMS_SECONDS=600)'
	@echo 'make test-softcuda   the CUDA tests without a GPU, then some again under a race detector'
	@echo 'make test-gpu    the CUDA tests on a GPU, then compute-sanitizer     (WHEELS=folder of wheels: no network)'
	@echo 'make check-kernels   compile every CUDA kernel; registers and spills, in out/kernels.txt'
	@echo 'make bench       measure speed and size                     (TORCH=1 beside PyTorch; ARGS="small chain")'
	@echo 'make bench-gpu   kernels on a GPU, beside PyTorch where it has CUDA     (WHEELS as above)'
	@echo 'make test-asan   the tests under AddressSanitizer'
	@echo 'make lint        check style, spelling and the manifest     make format   mend what can be mended'
	@echo 'make docs        the manual, in out/doc                     make wheel    a wheel, in dist'
	@echo 'make build       build in place, for development            make clean    remove all that was made'

# What they need is built once, into a cache; without a CUDA toolkit there is nothing to build it from.
SOFTCUDA := $(PY) tests/softcuda/build.py
# Before a command: the software device, where there is no driver of a real one.
ON_DEVICE = $(if $(shell $(PYTHON) tools/cuda_device.py 2>/dev/null),,$(SOFTCUDA) --run)

# Without a GPU, DEVICE=cuda means the software device, which takes a second and more for each step.
SOFTWARE = $(if $(filter-out cpu,$(DEVICE)),$(ON_DEVICE))
DEVICE_NEEDS = $(if $(filter-out cpu,$(DEVICE)),$(if $(ON_DEVICE),pycuda,$(STAMPS)/extra-cuda))
demo: $(STAMPS)/ctorch $(STAMPS)/extra-demo $(DEVICE_NEEDS)
	@echo; if [ -n '$(SOFTWARE)' ]; then \
		echo 'No GPU here: 4 steps on a device in software, which shows that it works, not how fast. The first'; \
		echo 'run compiles each kernel, about a minute. ARGS="--epochs 15 --steps 100" goes on for longer.'; echo; fi
	@$(SOFTWARE) $(PY) examples/digits.py --device $(DEVICE) $(if $(SOFTWARE),--epochs 1 --steps 4) $(ARGS)

test: $(STAMPS)/ctorch $(STAMPS)/extra-demo $(STAMPS)/extra-test $(REFERENCED)
	@echo; $(PY) -m pytest -n $(JOBS) --maxprocesses=8 $(ARGS)

# What `make test` does for a few samples of each operator.
test-gradients: $(STAMPS)/ctorch $(STAMPS)/extra-demo $(STAMPS)/extra-test $(REFERENCED)
	@echo; $(PY) -m pytest tests/autograd/test_row_gradients.py --gradients=full $(ARGS)

# What passed is kept until ctorch is built anew, so that a run that was stopped goes on where it was.
EXAMPLES ?= 500
test-properties: out/properties.ledger $(STAMPS)/extra-test $(REFERENCED)
	@echo; CTORCH_PROPERTIES=$(EXAMPLES) CTORCH_PROPERTIES_REPORT=out/properties.txt CTORCH_PROPERTIES_LEDGER=$< \
		$(PY) -m pytest $(if $(PART),$(PART:%=tests/properties/test_properties_%.py),tests/properties) $(ARGS)
	@[ -n '$(PART)$(ARGS)' ] || rm $<

out/properties.ledger: $(STAMPS)/ctorch
	@mkdir -p out; : >$@

# The ledger is kept as that of test-properties is.
N ?= 20000
test-programs: out/programs.ledger $(STAMPS)/extra-test $(REFERENCED)
	@echo; CTORCH_PROGRAMS=$(N) CTORCH_PROGRAMS_JOBS=$(JOBS) CTORCH_PROGRAMS_REPORT=out/programs.txt CTORCH_PROGRAMS_LEDGER=$< \
		$(PY) -m pytest tests/programs -s $(ARGS)

out/programs.ledger: $(STAMPS)/ctorch
	@mkdir -p out; : >$@

.PHONY: pycuda
pycuda: $(STAMPS)/venv
	@$(SOFTCUDA)
	$(call step,PyCUDA installed,$(PIP) install "$$($(SOFTCUDA) --wheel)")

test-softcuda: $(STAMPS)/venv
	@if reason=$$($(SOFTCUDA) --check 2>&1); then $(MAKE) run-softcuda; \
	else echo "  skipped: $$reason"; fi

# The device is asked for first, before minutes of building.
test-gpu:
	@name=$$($(PYTHON) tools/cuda_device.py --otherwise 'make test-softcuda needs no GPU') && \
		echo "  device: $$name" && $(MAKE) run-gpu

.PHONY: run-gpu
run-gpu: $(STAMPS)/ctorch $(STAMPS)/extra-test-cuda
	@echo; $(PY) -m pytest tests/cuda -rs $(ARGS)
	@echo; $(PY) tests/cuda/sanitize.py $(ARGS)

# Every kernel for the architectures that are promised; nothing is run.
check-kernels: $(STAMPS)/ctorch $(STAMPS)/extra-test
	@echo; CTORCH_CHECK_KERNELS=$(or $(CTORCH_CHECK_KERNELS),1) $(PY) -m pytest tests/cuda/test_compile.py $(ARGS)

.PHONY: run-softcuda
run-softcuda: $(STAMPS)/ctorch $(STAMPS)/extra-demo $(STAMPS)/extra-test pycuda
	@echo; $(SOFTCUDA) --run $(PY) -m pytest tests/cuda $(ARGS)
	@echo; SOFTCUDA_RACE=1 $(SOFTCUDA) --run $(PY) -m pytest tests/cuda -m race $(ARGS)

# The build folder comes before the installed package on the path, so one environment serves both. The C++ library is
# loaded ahead for extensions of others that throw: the sanitizer must find it when it starts.
ASAN := ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:detect_odr_violation=0 PYTHONMALLOC=malloc \
	PYTHONPATH=$(CURDIR)/build/asan/lib LD_PRELOAD="$(shell gcc -print-file-name=libasan.so) $(shell gcc -print-file-name=libstdc++.so)"
test-asan: $(STAMPS)/asan $(STAMPS)/extra-demo $(STAMPS)/extra-test
	@echo; $(ASAN) $(PY) -m pytest $(ARGS)

bench: $(STAMPS)/ctorch $(STAMPS)/extra-demo $(REFERENCED) wheel
	@echo; $(PY) -m bench $(ARGS)

bench-gpu:
	@name=$$($(PYTHON) tools/cuda_device.py --otherwise 'Nothing is measured without one') && \
		echo "  device: $$name" && $(MAKE) run-bench-gpu

.PHONY: run-bench-gpu
run-bench-gpu: $(STAMPS)/ctorch $(STAMPS)/extra-cuda
	@echo; $(PY) -m bench.gpu $(ARGS)

# The manifest is checked against a source archive, which setup.py makes.
lint: $(STAMPS)/extra-build $(STAMPS)/extra-lint
	@$(PY) tools/lint.py

format: $(STAMPS)/extra-lint
	@$(PY) tools/lint.py --fix

docs: $(STAMPS)/ctorch $(STAMPS)/extra-docs
	$(call step,the manual,$(PY) -m sphinx -q -W -b html doc out/doc)
	@echo '  out/doc/index.html'

wheel: $(STAMPS)/extra-build
	$(call step,a wheel,$(PIP) wheel --no-build-isolation --no-deps -w dist .)
	@ls -t dist/ctorch-*.whl | head -n 1 | xargs du -h --apparent-size | sed 's/^/  /'

build: $(STAMPS)/extra-build $(STAMPS)/extra-run
	$(call step,build in place; use it with PYTHONPATH=src,$(PY) setup.py build_ext --inplace)

clean:
	rm -rf .venv .ruff_cache .hypothesis .pytest_cache build dist out src/ctorch/_gen src/ctorch/__init__.pyi src/*.egg-info
	find src \( -name '*.so' -o -name '*.c' -o -name '_gen_*' -o -name __pycache__ \) -prune -exec rm -rf {} +

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'ctorch needs Python 3.11 or newer: make PYTHON=python3.12'; exit 1; }
	$(call step,a virtual environment in $(VENV),$(PYTHON) -m venv $(VENV))
	@touch $@

$(STAMPS)/extra-%: pyproject.toml | $(STAMPS)/venv
	$(call step,requirements: $*,$(PIP) install -r <($(PY) tools/requirements.py $*))
	@touch $@

$(STAMPS)/ctorch: $(SOURCES) | $(STAMPS)/extra-build $(STAMPS)/extra-run
	$(call step,ctorch$(COMMA) built with $(CTORCH_BUILD_JOBS) jobs,$(PY) setup.py build)
	$(call step,ctorch installed,$(PIP) install --no-build-isolation --no-deps .)
	@touch $@

$(STAMPS)/asan: $(SOURCES) | $(STAMPS)/extra-build $(STAMPS)/extra-run
	$(call step,ctorch$(COMMA) built with AddressSanitizer,CTORCH_SANITIZE=address $(PY) setup.py build \
		--build-temp build/asan/temp --build-lib build/asan/lib)
	@touch $@

$(STAMPS)/torch: | $(STAMPS)/venv
	$(call step,torch 2.13.0$(COMMA) the reference,$(PIP) install torch==2.13.0)
	@touch $@

COMMA := ,
