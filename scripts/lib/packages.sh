# packages.sh: Debian packages, and how to tell without dpkg that one is not needed. Needs say.sh. Sourced by bash.
# shellcheck shell=bash

has_command() { command -v "$1" >/dev/null 2>&1; }
has_library() { pkg-config --atleast-version="${2:-0}" "$1" 2>/dev/null; }
has_file() { [ -e "$1" ]; }
has_server() { has_command initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
has_venv() { python3 -c 'import venv, ensurepip' 2>/dev/null; }
has_fuzzer() { compgen -G '/usr/lib/llvm-14/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a' >/dev/null; }
has_compiler() { has_command cc && has_command c++ && has_command make; }

# The packages of a group: one "package test arguments" a line. What the test finds was installed in another way
# (a JDK instead of the JRE, a newer cmake) and is left alone.
packages_of() {
    case $1 in
    build)
        cat <<'END'
build-essential has_compiler
cmake has_command cmake
ninja-build has_command ninja
pkg-config has_command pkg-config
librdkafka-dev has_library rdkafka 2.0.2
libpq-dev has_library libpq
libyaml-dev has_library yaml-0.1
libxxhash-dev has_library libxxhash
libzstd-dev has_library libzstd
libmicrohttpd-dev has_library libmicrohttpd 0.9.71
nettle-dev has_library nettle 3.0
check has_library check
END
        ;;
    postgres)
        cat <<'END'
postgresql has_server
postgresql-client has_command psql
openssl has_command openssl
END
        ;;
    kafka)
        cat <<'END'
default-jre-headless has_command java
maven has_command mvn
kcat has_command kcat
openssl has_command openssl
END
        ;;
    rootfs)
        cat <<'END'
ca-certificates has_file /etc/ssl/certs/ca-certificates.crt
tzdata has_file /usr/share/zoneinfo/America/Edmonton
tzdata-legacy has_file /usr/share/zoneinfo/US/Pacific
binutils has_command strip
END
        ;;
    image) echo 'python3 has_command python3' ;;
    image-test) echo 'python3-venv has_venv' ;;
    package)
        cat <<'END'
dpkg-dev has_command dpkg-shlibdeps
file has_command file
END
        ;;
    fuzz)
        cat <<'END'
clang-14 has_command clang-14
libclang-rt-14-dev has_fuzzer
END
        ;;
    bench)
        cat <<'END'
default-jdk-headless has_command javac
maven has_command mvn
python3-venv has_venv
END
        ;;
    cache) echo 'ccache has_command ccache' ;;
    etcd) echo 'etcd-server has_command etcd' ;;
    deploy)
        cat <<'END'
python3-venv has_venv
curl has_command curl
openssl has_command openssl
END
        ;;
    python) echo 'python3-venv has_venv' ;;
    terraform)
        cat <<'END'
python3-venv has_venv
npm has_command npm
END
        ;;
    count) echo 'valgrind has_command valgrind' ;;
    metrics) echo 'prometheus has_command promtool' ;;
    lint)
        cat <<'END'
clang-format has_command clang-format
clang-tidy has_command clang-tidy
python3 has_command python3
shellcheck has_command shellcheck
END
        ;;
    esac
}

# missing_packages GROUP…: the names of what is not there.
missing_packages() {
    local group package test
    for group in "$@"; do
        while read -r package test; do
            # shellcheck disable=SC2086 # the test and its arguments
            $test || printf '%s\n' "$package"
        done < <(packages_of "$group")
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@"; }

# Debian's server package starts a cluster of its own; nobody asked for that one. The setting has a file only
# once postgresql-common is there. A machine that has the server already keeps it as it is.
no_system_cluster() {
    local settings=/etc/postgresql-common/createcluster.conf
    apt install --no-install-recommends postgresql-common
    as_root sed -i 's/^#\? *create_main_cluster *=.*/create_main_cluster = false/' "$settings"
}

# install_packages LOG PACKAGE…
install_packages() {
    local log=$1
    shift
    has_command apt-get || fail "this is not a Debian system; what these packages hold is needed: $*"
    [ "$(id -u)" = 0 ] || has_command sudo ||
        fail "packages are missing, and installing them needs root or sudo" "as root: apt-get install $*"
    echo "installing: $*"
    quietly "$log" apt update || fail "apt-get update failed" "check the network and /etc/apt/sources.list"
    case " $* " in
    *" postgresql "*) quietly "$log" no_system_cluster || fail "could not install postgresql-common" ;;
    esac
    quietly "$log" apt install --no-install-recommends "$@" || fail "could not install: $*"
}
