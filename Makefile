# Everything here needs Go and make, and nothing else. With a C compiler, Node.js and PostgreSQL at hand, more is tried.
.DEFAULT_GOAL := help
.PHONY: help demo test matrix mutants fuzz lint deploy plain soak load bench growth

GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
WORKFLOWCHECK := go.temporal.io/sdk/contrib/tools/workflowcheck@v0.6.0

# The race detector needs a C compiler; Go says 0 here when there is none.
RACE := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

# The TypeScript example is tried where it can be. Without this word its test fails, so that nobody believes it was.
WITHOUT_NODE := $(if $(and $(shell command -v node),$(shell command -v npm)),,REFUNDFLOW_WITHOUT_NODE=1)

help: ## what there is to do
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /:/' | awk -F: '{printf "make %-7s %s\n", $$1, $$2}'

demo: ## run Temporal, its Web UI, stand-ins for the platforms and a worker, and watch refunds; ARGS=--once ends, ARGS=--help explains
	@test -x bin/devserver || echo "Building the development server; the first time this takes a few minutes ..."
	@go -C devserver build -o ../bin/devserver .
	@bin/devserver $(ARGS)

# On PostgreSQL the ledger's tests run once more, without the race detector, which has seen their code on SQLite. The matrix's
# sample runs without it, too: it has seen the saga, and answers that are late on purpose must not be late by chance.
test: ## all tests of both modules, with the race detector where it pays; with REFUNDFLOW_TEST_POSTGRES, an address, the ledger on PostgreSQL too
	$(if $(RACE),,@echo "No C compiler found: the tests run without the race detector.")
	$(if $(WITHOUT_NODE),@echo "No Node.js with npm found: the TypeScript example is not tried.")
	$(if $(REFUNDFLOW_TEST_POSTGRES),,@echo "REFUNDFLOW_TEST_POSTGRES names no server: the ledger is tried on SQLite only.")
	REFUNDFLOW_TEST_POSTGRES= go test -timeout 30m $(RACE) $$(go list ./... | grep -v '/internal/matrix$$')
	go test -timeout 30m ./internal/matrix
	$(if $(REFUNDFLOW_TEST_POSTGRES),go test -timeout 30m ./ledger/sqlstore)
	$(WITHOUT_NODE) go -C devserver test -timeout 30m ./...
	go -C providers/wechat/cloudfunctiontest test ./...

deploy: ## what Docker Compose and Prometheus make of the files that are deployed, and the rules these keep; no Docker engine is needed
	go -C deploy/composetest vet . && go -C deploy/composetest test -timeout 30m . # the first time it compiles Docker Compose
	go -C deploy/prometheustest vet . && go -C deploy/prometheustest test -timeout 30m . # and Prometheus' promtool

plain: ## the system of docker-compose.yml as plain processes with a PostgreSQL of their own, tried with refunds while parts are killed
	deploy/plain

# Crash tests and load on separate processes; "bin/soak --help" explains. SIZE=small takes a minute or two.
SIZE := full
SOAK_CRASH_full := --refunds 1000 --kills 30 --server-kills 5 --within 20m
SOAK_CRASH_small := --refunds 60 --kills 4 --server-kills 1 --pace 250ms --within 10m
SOAK_LOAD_full := --refunds 10000 --within 40m
SOAK_LOAD_small := --refunds 300 --within 10m
sized = $(or $($(1)_$(SIZE)),$(error SIZE=$(SIZE): want small or full))

soak: bin/soak ## a thousand refunds while processes are killed, and load; SIZE=small; ARGS="--seed 7" repeats a plan
	bin/soak crash $(call sized,SOAK_CRASH) $(ARGS)
	bin/soak load $(call sized,SOAK_LOAD) $(ARGS)

load: bin/soak ## ten thousand refunds in one batch, and the worker's memory; SIZE=small
	bin/soak load $(call sized,SOAK_LOAD) $(ARGS)

.PHONY: bin/soak # go build knows best what has changed
bin/soak:
	@mkdir -p bin
	go build -o bin/ ./worker ./sandbox/cmd/sandbox
	go -C devserver build -o ../bin/ ./soak

# Whatever may go wrong, wherever it may, on each transport: docs/guarantees.md says what is held. A failing scenario prints
# the script by which it is run again: make matrix ARGS='-only "..."'; ARGS=-help explains.
matrix: ## every refund with every mishap at every place, one at a time and in pairs, against the platforms' books; some minutes
	@mkdir -p bin; go test -c -o bin/matrix ./internal/matrix
	bin/matrix -test.run '^Test(Matrix|ManyAtOnce|RestoredBooks)' -test.timeout 2h -whole -pairs 2000 -restores 800 $(ARGS)

# The matrix on trial: a proof that cannot fail proves nothing. ARGS='-only "new number"' tries some, ARGS=-list explains them.
mutants: ## the product with one rule broken at a time, which the matrix must notice each time; some minutes
	@mkdir -p bin; go build -o bin/mutants ./internal/matrix/mutants
	bin/mutants $(ARGS)

# Refunds beside bare workflows with as many steps, on the same server; docs/performance.md tells what came of it. Close what
# else runs. ARGS=-json is for machines, ARGS=-help explains. On its standard output are the results and nothing else.
bench: bin/bench ## how fast refunds are and what they take, beside bare workflows and naive ones; some ten minutes
	@bin/bench $(ARGS)

growth: bin/bench ## what refunds take after ten thousand others, and the ledger's latency with a million refunds in it
	@bin/bench -rounds 0 -growth 100,1000,10000 $(ARGS)
	go test -run XXX -bench Growth -benchtime 1000x ./ledger/sqlstore -args -grown=1000000

.PHONY: bin/bench
bin/bench:
	@mkdir -p bin
	@go build -o bin/ ./worker ./starter ./sandbox/cmd/sandbox
	@go -C devserver build -o ../bin/ . ./bench

FUZZTIME := 10s

fuzz: ## every decoder, signature and callback handler against made-up input, FUZZTIME=10s each
	@mkdir -p bin; grep -rlE '^func Fuzz' --include='*_test.go' . | sort | while read -r file; do \
		for target in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' $$file); do \
			echo "$$(dirname $$file) $$target"; \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$(dirname $$file) >bin/fuzz.log 2>&1 || { cat bin/fuzz.log; exit 1; }; \
		done; \
	done

lint: bin/golangci-lint bin/workflowcheck ## go vet, golangci-lint, and the determinism of workflow code
	go vet ./...
	go -C devserver vet ./...
	bin/golangci-lint run ./...
	cd devserver && ../bin/golangci-lint run --config ../.golangci.yml ./...
	bin/workflowcheck -config workflowcheck.yaml ./workflows/...

bin/golangci-lint:
	GOBIN=$(CURDIR)/bin go install $(GOLANGCI_LINT)

bin/workflowcheck:
	GOBIN=$(CURDIR)/bin go install $(WORKFLOWCHECK)
