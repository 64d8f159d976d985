#!/usr/bin/env bash
# install.sh: puts the program `tocsin` into a folder, and that on the PATH of later steps.
#
#   install.sh [FOLDER]
#
# A tocsin that is on the PATH, or in the folder already, is taken as it is. With
# TOCSIN_BINARY_URL (https) and TOCSIN_BINARY_SHA256 it is fetched; else it is built from the
# sources beside this file: the commands that need no server, see tocsin-static.
set -euo pipefail

here=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$HOME/.local/share/tocsin/bin}

# what the sources need on Debian and Ubuntu
packages=(build-essential autoconf automake libtool pkg-config libcmark-dev libcurl4-openssl-dev
    libdeflate-dev libjansson-dev libyaml-dev zlib1g-dev)

say() { printf '%s\n' "install.sh: $*" >&2; }

fetch() {
    [[ $TOCSIN_BINARY_URL == https://* ]] || { say "TOCSIN_BINARY_URL is no https address"; exit 1; }
    [[ ${TOCSIN_BINARY_SHA256:-} =~ ^[0-9a-f]{64}$ ]] || { say "TOCSIN_BINARY_SHA256 is missing: what is fetched must be known"; exit 1; }
    curl -fsSL --proto '=https' --retry 4 --max-time 120 -o "$1" "$TOCSIN_BINARY_URL"
    echo "$TOCSIN_BINARY_SHA256  $1" | sha256sum -c --quiet - || { say "what was fetched is something else: its checksum differs"; exit 1; }
}

missing() {
    local p
    for p in "${packages[@]}"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || printf '%s\n' "$p"
    done
}

build() {
    local want=() sudo=() work
    mapfile -t want < <(missing)
    if [ ${#want[@]} -gt 0 ]; then
        [ "$(id -u)" = 0 ] || sudo=(sudo)
        say "installing ${want[*]}"
        "${sudo[@]}" apt-get update -qq
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${want[@]}" >/dev/null
    fi
    work=$(mktemp -d)
    say "building"
    tar -C "$here" --exclude=./.git --exclude=./build --exclude=./node_modules -cf - . | tar -C "$work" -xf -
    (cd "$work" && ./autogen.sh && ./configure -q --disable-server && make -s -j"$(nproc)") >"$work/log" 2>&1 || {
        tail -n 30 "$work/log" >&2
        exit 1
    }
    install -m 755 "$work/cli/tocsin-static" "$1"
    rm -rf "$work"
}

mkdir -p "$folder"
if [ -x "$folder/tocsin" ]; then
    :
elif found=$(command -v tocsin); then
    folder=$(dirname "$found")
else
    new=$(mktemp "$folder/.tocsin.XXXXXX")
    trap 'rm -f "$new"' EXIT
    if [ -n "${TOCSIN_BINARY_URL:-}" ]; then
        fetch "$new"
    else
        build "$new"
    fi
    chmod 755 "$new"
    mv -f "$new" "$folder/tocsin"
fi
"$folder/tocsin" version
[ -z "${GITHUB_PATH:-}" ] || echo "$folder" >>"$GITHUB_PATH"
