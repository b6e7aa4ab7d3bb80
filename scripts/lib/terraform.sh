# terraform.sh: what the checks of terraform/ need: tflint, checkov, Python packages, and a folder of providers for
# terraform, all pinned, in the cache. Needs say.sh and cache.sh. Sourced by bash.
# shellcheck shell=bash

terraform_tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../tests/terraform" && pwd)

tflint_version=0.61.0
aws_provider=5.100.0
# Provider, its version, the npm package of bindings that carries the schema of just that version, and what is nested in
# it: blocks or attributes.
schema_providers="google 6.50.0 @cdktf/provider-google@16.12.1 blocks
kubernetes 2.38.0 @cdktf/provider-kubernetes@12.1.1 blocks
helm 3.1.1 @cdktf/provider-helm@12.1.2 attributes"

terraform_dir() { printf '%s/terraform\n' "$(cache_dir)"; }

# once STAMP COMMAND…: runs it unless it has been done with these words. STAMP names the part and what it depends on.
once() {
    local part=$1 stamp=$2
    shift 2
    cmp -s <(printf '%s\n' "$stamp") "$(terraform_dir)/done/$part" && return
    "$@" || return
    mkdir -p "$(terraform_dir)/done"
    printf '%s\n' "$stamp" >"$(terraform_dir)/done/$part"
}

# fetch_terraform: all of it; whole or not at all, part by part.
fetch_terraform() {
    command -v terraform >/dev/null || fail "terraform is missing" \
        "install terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install): Debian has no package of it"
    command -v go >/dev/null || fail "go is missing" \
        "tflint and the providers' schemas are built with Go 1.25 or newer (https://go.dev/dl): Debian 12's is too old"
    cache_locked fetch_terraform_locked
}

fetch_terraform_locked() {
    local name version package nested
    mkdir -p "$(terraform_dir)/log"
    once venv "$(python3 --version; cat "$terraform_tests/requirements.txt")" \
        make_venv venv "$terraform_tests/requirements.txt"
    once checkov "$(python3 --version; cat "$terraform_tests/checkov-requirements.txt")" \
        make_venv checkov "$terraform_tests/checkov-requirements.txt"
    once tflint "$tflint_version" build_tflint
    while read -r name version package nested; do
        once "$name" "$version $package $nested $(used_types "$name") $(stand_in | xargs cat | sha256sum)" \
            build_schema_provider "$name" "$version" "$package" "$nested"
    done <<<"$schema_providers"
    once aws "$aws_provider" link_aws_provider
    write_cli_config
}

# make_venv NAME REQUIREMENTS
make_venv() {
    local venv log
    venv=$(terraform_dir)/$1 log=$(terraform_dir)/log/$1
    echo "fetching the Python packages of ${2#"$PWD/"}"
    rm -rf "$venv"
    quietly "$log" python3 -m venv "$venv" || fail "could not make a Python environment in $venv"
    quietly "$log" "$venv/bin/pip" install --disable-pip-version-check --only-binary :all: -r "$2" ||
        fail "could not fetch the Python packages of $2" "check the network, or the index in pip's configuration"
}

go_build() { GOFLAGS="-buildvcs=false" GOBIN=$(terraform_dir)/bin nice go "$@"; }

build_tflint() {
    echo "building tflint $tflint_version (a few minutes)"
    quietly "$(terraform_dir)/log/tflint" go_build install "github.com/terraform-linters/tflint@v$tflint_version" ||
        fail "could not build tflint $tflint_version" "it needs Go 1.25 or newer and the Go module proxy"
}

# provider_dir NAME VERSION: where terraform looks for a provider in our folder of them.
provider_dir() {
    printf '%s/providers/%s/hashicorp/%s/%s/%s\n' "$(terraform_dir)" "$(provider_host)" "$1" "$2" \
        "$(provider_platform)"
}

provider_platform() { printf '%s_%s\n' "$(go env GOOS)" "$(go env GOARCH)"; }

# The host of providers that are named without one, as this terraform knows it.
provider_host() {
    local dir
    dir=$(mktemp -d)
    printf 'terraform {\n  required_providers {\n    any = { source = "hashicorp/any" }\n  }\n}\n' >"$dir/main.tf"
    TF_CLI_CONFIG_FILE=/dev/null terraform -chdir="$dir" providers -no-color |
        sed -n 's:.*provider\[\([^/]*\)/.*:\1:p' | head -n 1
    rm -rf "$dir"
}

# The files that the stand-in for a provider is built from.
stand_in() { printf '%s\n' "$terraform_tests"/schema-provider/{go.mod,go.sum,main.go,schema.py}; }

# used_types NAME: the provider's resources and data sources that terraform/ names. Only these are read, so that each
# start of the stand-in is quick; a new one makes it be built anew, and one that does not exist is missing afterwards.
used_types() {
    grep -rhoE "^(resource|data) \"$1_[a-z0-9_]+\"" --include='*.tf' "$terraform_tests/../../terraform" |
        cut -d '"' -f 2 | sort -u
}

# build_schema_provider NAME VERSION PACKAGE NESTED: a provider that has the real one's schema and does nothing.
build_schema_provider() {
    local name=$1 version=$2 package=$3 nested=$4 log dir source types
    log=$(terraform_dir)/log/$name source=$(mktemp -d)
    dir=$(provider_dir "$name" "$version")
    mapfile -t types < <(used_types "$name")
    echo "building the schema of the provider $name $version"
    stand_in | xargs cp -t "$source"
    quietly "$log" fetch_bindings "$source" "$package" ||
        fail "could not fetch $package" "check the network, or npm's configuration"
    grep -q "\"version\": \"$version\"" "$source/package/package.json" ||
        fail "$package does not carry $name $version" "correct schema_providers in scripts/lib/terraform.sh"
    python3 "$source/schema.py" "$source/package/lib" "$nested" "${types[@]}" >"$source/schema.json" || fail "could not read $package"
    mkdir -p "$dir"
    (cd "$source" && quietly "$log" go_build build -trimpath -o "$dir/terraform-provider-${name}_v$version" .) ||
        fail "could not build the schema of $name" "see $log"
    rm -rf "$source"
}

fetch_bindings() { (cd "$1" && npm pack --silent "$2" && tar xzf ./*.tgz); }

# The real AWS provider: from a folder of providers on this machine (terraform's own places, or one below /opt), else
# from the registry.
link_aws_provider() {
    local dir found
    dir=$(provider_dir aws "$aws_provider")
    mkdir -p "$(dirname "$dir")"
    rm -rf "$dir"
    found=$(find_provider aws "$aws_provider")
    if [ -n "$found" ]; then
        ln -s "$found" "$dir"
    else
        download_provider aws "$aws_provider"
    fi
}

# find_provider NAME VERSION
find_provider() {
    local root tail
    tail=$(provider_host)/hashicorp/$1/$2/$(provider_platform)
    for root in ~/.terraform.d/plugins ~/.local/share/terraform/plugins /usr/local/share/terraform/plugins \
        /usr/share/terraform/plugins /opt/*; do
        [ ! -d "$root/$tail" ] || { printf '%s\n' "$root/$tail" && return; }
    done
}

# download_provider NAME VERSION
download_provider() {
    local dir
    dir=$(mktemp -d)
    printf 'terraform {\n  required_providers {\n    %s = { source = "hashicorp/%s", version = "%s" }\n  }\n}\n' \
        "$1" "$1" "$2" >"$dir/main.tf"
    echo "fetching the provider $1 $2"
    TF_CLI_CONFIG_FILE=/dev/null quietly "$(terraform_dir)/log/$1" \
        terraform -chdir="$dir" providers mirror "$(terraform_dir)/providers" ||
        fail "the provider $1 $2 is neither on this machine nor can it be fetched" \
            "check the network, or put it into one of the folders that terraform looks into"
    rm -rf "$dir"
}

# terraform, told to take providers from our folder and from nowhere else.
write_cli_config() {
    cat >"$(terraform_dir)/terraformrc" <<END
provider_installation {
  filesystem_mirror {
    path    = "$(terraform_dir)/providers"
    include = ["*/*"]
  }
  direct {
    exclude = ["*/*"]
  }
}
disable_checkpoint = true
END
}
