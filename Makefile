# Two commands do all: `make demo` (the main job) and `make test`. They install what they need and say so.

# RocksDB takes minutes to build; ccache keeps its objects. Keep these the same between builds.
export CC := ccache gcc
export CXX := ccache g++

.PHONY: demo serve test oracles bench parts fuzz setup lint deny docs clean

demo: setup ## a month of contributions, posted, recorded, carried away and proved offline
	cargo build --release --bins
	demo/run

serve: setup ## the demo's ledger, left running
	cargo build --release --bins
	demo/run --serve

test: ## every test
	scripts/setup python
	cargo build --workspace --bins
	cargo test --workspace

oracles: ## other people's software installed (1 GB, some minutes) and asked again what tests/oracles says that it answers
	scripts/setup python
	tests/oracles/schemes.py check

# PostgreSQL is installed for the part that stands beside it, unless that part is not asked for.
bench: ## what the ledger does beside what this machine can do, in a quarter of an hour; ARGS=--smoke: a minute; target/bench/latest.json
	scripts/setup $(if $(findstring --smoke,$(ARGS)),,$(if $(findstring --only,$(ARGS)),$(findstring postgres,$(ARGS)),postgres))
	cargo build --release --bins
	cargo run --release -p peal-tests --bin bench -- $(ARGS)

parts: setup ## the parts of it one by one: encode, decode, trees, postings, directory, proofs
	cargo bench -p peal-spec -p peal-ledger --benches -- $(ARGS)

fuzz: ## every reader of bytes from outside, 60 seconds each; SECONDS_EACH=600 for longer
	scripts/fuzz $(or $(SECONDS_EACH),60)

lint: setup ## format and clippy, warnings denied
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets -- -D warnings

deny: setup ## licences, bans, sources and advisories of every dependency (deny.toml)
	scripts/deny

docs: setup ## the library's documentation, warnings denied
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

setup:
	scripts/setup

clean:
	cargo clean
