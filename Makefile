# Satchel. `make run` builds and opens it; `make test` is what every change must pass.
SHELL := /bin/bash
export PATH := $(PATH):/usr/local/go/bin

# The window needs X11 (Wayland through XWayland) and Fyne's one-thread model.
# Emoji come from the system: the drawing of the bundled font is cut off.
# Decoders of pictures are those that were tested, whatever libraries a system has: nodynamic.
WINDOW  := -tags x11,migrated_fynedo,no_emoji,nodynamic
# Tests draw without a window system; the bundled fonts make pictures equal everywhere.
SCREENLESS := -tags ci,migrated_fynedo,no_emoji
# The race detector would watch each step of SQLite's machine, of every pixel and of
# every letter's shape, at ten times the cost. These packages only compute. One that
# hands something from goroutine to goroutine must not be among them: the detector would
# not see it do so, nor others whose instances of the same generic code the linker may
# take from there.
TEXT    := $(addprefix github.com/go-text/typesetting/,harfbuzz font/cff font/opentype font/opentype/tables)
PLAIN   := $(foreach p,modernc.org/sqlite/lib golang.org/x/image/vector golang.org/x/image/draw image/draw image/png image/jpeg $(TEXT),-gcflags=$(p)=-race=false)
comma   := ,
JOURNEY := go test -race -vet=off -count=1 -tags journey,ci,migrated_fynedo,no_emoji -timeout 20m ./internal/journey
LDFLAGS := -ldflags "-s -w"

# make run PROFILE=second opens another person's Satchel beside yours.
PROFILE ?=

.PHONY: run build test raced suite prompt vet test-servers test-faults journeys test-package faults bench bench-relay lint shots package clean

run: build
	build/satchel $(if $(PROFILE),--profile $(PROFILE))

build:
	@.ci/install build
	go build $(WINDOW) $(LDFLAGS) -o build/satchel .
	CGO_ENABLED=0 go build $(LDFLAGS) -o build/satchel-relay ./cmd/satchel-relay
	CGO_ENABLED=0 go build -tags nodynamic $(LDFLAGS) -o build/satchelctl ./cmd/satchelctl
	@test $$(wc -c < build/satchel-relay) -lt 80000000 || { echo "build/satchel-relay has more than 80 MB: what does it link?"; exit 1; }

# What every change must pass: format, the suite, and the journeys at the prompt, built
# programs that are killed and restarted; all under the race detector, so that everything
# is compiled once. They wait for disks more than they compute: several packages at a
# time, beside the journeys. Vet, windows and servers of others follow in .ci/run.
STORES := /transfer/(s3|azblob|gs|stores)$$|/internal/faults$$
RACE   := go test -race -vet=off $(SCREENLESS) $(PLAIN)
test:
	@.ci/install test
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt would change:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(MAKE) --no-print-directory raced
	$(MAKE) --no-print-directory -j 2 suite prompt

suite:
	$(RACE) -p 4 -timeout 15m -skip TestHostileFiles $$(go list $(SCREENLESS) ./... | grep -Ev '/internal/journey|$(STORES)')

prompt:
	SATCHEL_PROGRAMS=$$PWD/build/race $(JOURNEY) -parallel 3 -run 'Prompt|Kill9'

raced:
	go build -race $(SCREENLESS) $(PLAIN) -o build/race/ ./cmd/satchel-relay ./cmd/satchelctl

# All that vet knows, of the window's files, too; the suite leaves it out.
vet:
	go vet $(WINDOW) ./...

# The same code against servers that take minutes to build at first: cloud stores,
# the whole relay once more on PostgreSQL, and sound by the library of other systems. .ci/run calls it after `make test`.
test-servers: build/tools/versitygw build/tools/fake-gcs-server build/tools/azurite build/tools/pebble build/tools/caddy
	@.ci/install servers
	$(RACE) -p 4 -timeout 8m ./transfer/s3 ./transfer/azblob ./transfer/gs ./transfer/stores
	SATCHEL_TEST_DATABASE=postgres $(RACE) -timeout 8m ./net/relay
	go test -tags miniaudio -timeout 8m ./app/sound
	$(subst ci$(comma),servers$(comma)ci$(comma),$(RACE)) -timeout 8m -run 'TestCloud|TestACME|TestBehindCaddy|TestPostgresDrill' ./net/relay ./net/relay/acme ./cmd/satchel-relay

# The journeys in real windows: two people, two devices, groups, keyboard alone, a relay
# that dies, pictures, hostile words, ….
journeys: build
	@.ci/install test
	$(JOURNEY) -parallel 3 -skip 'Prompt|Kill9'

# A slice of each row of docs/faults.md, and files that were made to hurt; faults has
# them whole. And every screen at every size, of which the suite has the extremes.
test-faults:
	@.ci/install test
	SATCHEL_FAULTS=1 go test -vet=off $(SCREENLESS) -timeout 8m -run TestEveryScreen ./app
	$(RACE) -timeout 8m ./internal/faults
	$(RACE) -timeout 8m -run TestHostileFiles ./transfer/preview

# Everything that goes wrong with a transfer, whole, as docs/faults.md describes it:
# `make test-faults` has a slice of each row. Then built programs, killed at every point of
# 300 MB; relays, one or any of three, killed fifty times under load, with files in a
# folder or a bucket; ten thousand connections that say nothing; and ten thousand files
# at once, in the engine and on the screen.
FAULTS := SATCHEL_FAULTS=1 go test -count=1 -timeout 30m
faults: build build/tools/versitygw
	@.ci/install test
	@rm -f build/faults.md
	$(FAULTS) ./internal/faults || { cat build/faults.md; exit 1; }
	$(FAULTS) -overlay $$(internal/faults/clock/overlay build/clock) -vet=off -tags moved -run TestClocks ./internal/faults
	SATCHEL_FAULTS=1 $(JOURNEY) -run TestKill9 -parallel 2
	$(FAULTS) -v -run 'Test(Cluster|Single)Killed|TestAttackHalfOpen' ./net/relay
	$(FAULTS) -v -tags servers -run TestCloudKilled ./net/relay
	$(FAULTS) -v -run TestHostileFiles ./transfer/preview
	$(FAULTS) $(SCREENLESS) -run TestHostileTexts ./widgets
	$(FAULTS) -v -run TestManyFiles ./transfer
	$(FAULTS) -v $(SCREENLESS) -run TestManyFiles ./app
	@cat build/faults.md

# Ratios of what was measured in one run; nothing is asserted. PART="start burst": some of it.
PART ?=
bench: build
	go run $(SCREENLESS) ./internal/bench $(PART)

# How much a relay carries on this machine, beside the load's own generator, and
# beside mosquitto and prosody where those are installed.
# DATABASE=postgres measures it there.
DATABASE ?= sqlite
bench-relay: build
	go run ./internal/load -database $(DATABASE)

lint: build/tools/golangci-lint
	build/tools/golangci-lint run ./...

# Programs that work on Satchel, at the versions of .ci/tools/go.mod.
build/tools/fyne: .ci/tools/go.mod
	@.ci/install build
	go build -C .ci/tools -o ../../$@ fyne.io/tools/cmd/fyne

build/tools/golangci-lint: .ci/tools/go.mod
	@.ci/install build
	go build -C .ci/tools -o ../../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

# The servers that the handlers of stores are proved against, built and
# installed once. The tests ask for them by name.
build/tools/versitygw build/tools/fake-gcs-server build/tools/pebble &: .ci/servers/go.mod
	@.ci/install build
	@mkdir -p build/tools
	go build -C .ci/servers -trimpath -o ../../build/tools/ tool
	@touch build/tools/versitygw build/tools/fake-gcs-server build/tools/pebble

build/tools/caddy: .ci/caddy/go.mod
	@.ci/install build
	@mkdir -p build/tools
	go build -C .ci/caddy -trimpath -o ../../build/tools/ tool
	@touch $@

build/tools/azurite: .ci/servers/package.json
	@.ci/install servers
	@mkdir -p build/tools/azurite
	cp .ci/servers/package*.json build/tools/azurite/
	npm ci --prefix build/tools/azurite --no-audit --no-fund --loglevel=error
	@touch build/tools/azurite

# The pictures in the README, taken from real windows.
shots: build
	@.ci/install test
	$(JOURNEY) -run TestWindows
	@mkdir -p docs/shots
	cp build/shots/readme-*.png docs/shots/

# An archive with program, icon, desktop entry and metadata:
#   tar xf build/Satchel-*.tar.xz && cd Satchel-*/ && make user-install   (or: sudo make install)
package: build/tools/fyne
	@.ci/install package
	.ci/package

# Installs what `make package` made, for one person and for all, and starts it
# by its desktop entry. Not a part of `make test`: packing takes minutes at first.
test-package: build package
	@.ci/install test
	SATCHEL_PACKAGE=$$(ls -t $$PWD/build/Satchel-*.tar.xz | head -n 1) $(subst journey$(comma),journey$(comma)packaged$(comma),$(JOURNEY)) -run TestPackage

clean:
	rm -rf build
