# librdkafka-tsan.sh: librdkafka for the thread sanitizer, which reports races that are none unless the library is built
# with it too. Built once, into the cache, from Debian's source package. Needs say.sh and cache.sh. Sourced by bash.
# shellcheck shell=bash

# The oldest version that is supported: what Debian 12 has.
tsan_kafka_version=2.0.2
tsan_kafka_package=librdkafka=$tsan_kafka_version-1
tsan_kafka_suite=bookworm
tsan_kafka_sha256=f321bcb1e015a34114c83cf1aa7b99ee260236aab096b85c003170c90a47ca9d

tsan_kafka() { printf '%s/librdkafka-%s-tsan\n' "$(cache_dir)" "$tsan_kafka_version"; }

# Builds the library when it is not there; whole or not at all.
fetch_tsan_kafka() {
    [ ! -d "$(tsan_kafka)" ] || return 0
    cache_locked fetch_tsan_kafka_locked
}

fetch_tsan_kafka_locked() {
    local log part
    [ ! -d "$(tsan_kafka)" ] || return 0
    log=$(cache_dir)/librdkafka-tsan.log part=$(tsan_kafka).part
    echo "building librdkafka $tsan_kafka_version for the thread sanitizer (about two minutes)"
    rm -rf "$part"
    mkdir -p "$part"
    quietly "$log" download_tsan_kafka "$part" ||
        fail "could not fetch the source of librdkafka $tsan_kafka_version" \
            "it is a source package of Debian $tsan_kafka_suite: that suite must be among the machine's package sources"
    quietly "$log" build_tsan_kafka "$part" || fail "could not build librdkafka $tsan_kafka_version"
    mv "$part/root$(tsan_kafka)" "$(tsan_kafka)"
    rm -rf "$part"
}

# download_tsan_kafka DIR: unpacks the source into DIR/source. The machine's package sources are read, not changed.
download_tsan_kafka() {
    local archive=librdkafka_$tsan_kafka_version.orig.tar.gz
    (
        cd "$1" || return
        mkdir -p source lists/partial
        source_entries >sources.list
        source_apt update && source_apt --download-only source "$tsan_kafka_package" &&
            echo "$tsan_kafka_sha256  $archive" | sha256sum --check &&
            tar xzf "$archive" --strip-components=1 -C source
    )
}

# Where the machine gets its packages of that suite from is where the sources are.
source_entries() {
    # shellcheck disable=SC2016 # the names are apt's
    apt-get indextargets 'Created-By: Packages' 'Origin: Debian' "Codename: $tsan_kafka_suite" --format \
        'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI) $(RELEASE) $(COMPONENT)'
}

source_apt() {
    apt-get -q -o Dir::Etc::SourceList="$PWD/sources.list" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$PWD/lists" \
        -o Dir::Cache="$PWD" -o APT::Sandbox::User= "$@"
}

# build_tsan_kafka DIR: DIR/source into DIR/root. The sanitizer sees the calls of pthreads, not those of C11 threads.
build_tsan_kafka() {
    (
        cd "$1/source" || return
        ./configure --prefix="$(tsan_kafka)" --disable-c11threads --disable-gssapi --disable-curl --disable-lz4-ext \
            --disable-optimization --CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=thread' \
            --LDFLAGS=-fsanitize=thread &&
            make -j"$(nproc)" -C src && make -C src install DESTDIR="$1/root"
    )
}
