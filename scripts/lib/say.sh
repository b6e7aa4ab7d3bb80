# say.sh: how the scripts speak. Sourced by bash.
# shellcheck shell=bash

# The script's own head comment, for --help.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

step() { printf '==> %s\n' "$*"; }

fail() {
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    shift
    [ $# -eq 0 ] || printf 'hint: %s\n' "$@" >&2
    exit 1
}

# show_tail LOG [LINES]: the end of a log, indented, on stderr.
show_tail() {
    [ -s "$1" ] || return 0
    printf 'the end of %s:\n' "$1" >&2
    tail -n "${2:-20}" "$1" | sed 's/^/    /' >&2
}

# quietly LOG COMMAND…: runs it with its output in LOG, which is shown only when it fails.
quietly() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 && return 0
    show_tail "$log" 60
    return 1
}
