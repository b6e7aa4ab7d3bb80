# cache.sh: the folder for what is fetched once and used by every later run. Sourced by bash.
# shellcheck shell=bash

cache_dir() { printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/tributary"; }

# cache_locked COMMAND…: runs it while no other script changes the cache.
cache_locked() { cache_locked_as '' "$@"; }

# cache_locked_as NAME COMMAND…: the same for what has a lock of its own, because it takes many minutes.
cache_locked_as() {
    local lock status=0 name=$1
    shift
    mkdir -p "$(cache_dir)"
    exec {lock}>"$(cache_dir)/.lock${name:+-$name}"
    flock "$lock"
    "$@" {lock}>&- || status=$?
    exec {lock}>&-
    return "$status"
}
