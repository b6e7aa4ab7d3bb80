# venv.sh: the Python packages of the system tests, pinned, in the cache. Needs say.sh and cache.sh. Sourced by bash.
# shellcheck shell=bash

requirements=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../tests/system" && pwd)/requirements.txt

venv_dir() { printf '%s/venv\n' "$(cache_dir)"; }

# Makes the environment, or makes it anew when the requirements or the Python changed.
fetch_venv() { cache_locked fetch_venv_locked; }

fetch_venv_locked() {
    local venv log
    venv=$(venv_dir) log=$(cache_dir)/pip.log
    cmp -s <(venv_stamp) "$venv/stamp" && return
    echo "fetching the Python packages of tests/system/requirements.txt"
    rm -rf "$venv"
    quietly "$log" python3 -m venv "$venv" || fail "could not make a Python environment in $venv"
    quietly "$log" "$venv/bin/pip" install --disable-pip-version-check --only-binary :all: -r "$requirements" ||
        fail "could not fetch the Python packages" "check the network, or the index in pip's configuration"
    venv_stamp >"$venv/stamp"
}

venv_stamp() { python3 --version && cat "$requirements"; }
