# shellcheck shell=bash disable=SC2034 # parts of one program set what other parts use
# packages: what Debian and Ubuntu have for us. Nothing that is installed here may start a
# service or make a cluster of its own.

PACKAGES_run=(build-essential autoconf automake libtool pkg-config apache2-bin apache2-dev libaprutil1-dbd-pgsql
    libpq-dev libjansson-dev libjwt-dev libcurl4-openssl-dev libevent-dev libssl-dev libcrypt-dev
    libcmark-dev libdeflate-dev libyaml-dev zlib1g-dev
    postgresql ca-certificates curl media-types tzdata)
PACKAGES_check=(libcmocka-dev python3 python3-pytest python3-requests python3-psycopg python3-aiosmtpd python3-yaml python3-jsonschema
    python3-cryptography
    chromium prometheus wrk jq cppcheck shellcheck clang-format yamllint libxml2-utils git
    systemd-container mmdebstrap debian-archive-keyring nftables iptables iproute2 procps libfaketime # machines under the rig
    gcc-aarch64-linux-gnu qemu-user-static openssl) # the agent for arm64

# What a Chromium needs that is not Ubuntu's snap.
PACKAGES_chromium=(fonts-dejavu-core libasound2t64 libatk-bridge2.0-0t64 libatspi2.0-0t64 libcairo2 libcups2t64 libdrm2
    libgbm1 libnss3 libpango-1.0-0 libxcomposite1 libxdamage1 libxfixes3 libxkbcommon0 libxrandr2)

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

packages_install() {
    local want=() missing=() set
    for set in "$@"; do
        local -n names=PACKAGES_$set
        want+=("${names[@]}")
    done
    case " $* $(. /etc/os-release && echo "$ID") " in
    *' check '*ubuntu*)
        want=("${want[@]/#chromium/}" "${PACKAGES_chromium[@]}") ;;
    esac
    command -v node >/dev/null || want+=(nodejs)
    command -v npm >/dev/null || want+=(npm)
    command -v dpkg-query >/dev/null || {
        [ "$INSTALL" = 0 ] && return
        fail "this is neither Debian nor Ubuntu" "install what docs/install.md lists, then start with --no-install"
    }
    for set in "${want[@]}"; do
        [ -n "$set" ] || continue
        installed "$set" || satisfied "$set" || missing+=("$set")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$INSTALL" = 0 ]; then
        fail "these packages are missing: ${missing[*]}" "install them, or start without --no-install"
    fi
    step "installing ${#missing[@]} packages: ${missing[*]}"
    packages_get "${missing[@]}"
}

# Ubuntu's chromium is a snap that containers cannot run; any Chromium or Chrome will do.
satisfied() {
    case $1 in
    chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
    postgresql) compgen -G '/usr/lib/postgresql/*/bin/initdb' ;;
    media-types) [ -e /etc/mime.types ] ;;
    *) false ;;
    esac >/dev/null
}

packages_get() {
    local sudo=() log
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null ||
            fail "packages are missing and there is no sudo to install them with" "as root: apt-get install --no-install-recommends $*; then start with --no-install"
        sudo=(sudo)
        sudo -n true 2>/dev/null || [ -t 0 ] ||
            fail "packages are missing and sudo wants a password, which nobody is here to type" "run 'sudo -v' first, or as root: apt-get install --no-install-recommends $*"
    fi
    log=$(mktemp "${TMPDIR:-/tmp}/quickstart.apt.XXXXXX")
    logged "$log" "the installation of packages" "${sudo[@]+"${sudo[@]}"}" bash -c "$(declare -f packages_apt); packages_apt \"\$@\"" - "$@"
    rm -f "$log"
}

# As root. Services stay down while packages are unpacked, and no cluster is made; both
# arrangements are taken away again, however this ends.
packages_apt() {
    set -e
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
    local policy=/usr/sbin/policy-rc.d cluster=/etc/postgresql-common/createcluster.d/zz-tocsin-quickstart.conf
    made=() # not local: the trap runs when this function is over
    trap 'rm -f "${made[@]}"; [ "${#made[@]}" = 0 ] || dpkg -S /etc/postgresql-common/createcluster.d >/dev/null 2>&1 || rmdir /etc/postgresql-common/createcluster.d 2>/dev/null || true' EXIT
    if [ ! -e $policy ]; then
        made+=("$policy")
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
    fi
    if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
        made+=("$cluster")
        mkdir -p "$(dirname $cluster)"
        printf 'create_main_cluster = false\n' >$cluster
    fi
    # another apt may be at work (a first boot): wait for it
    if ! apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends "$@"; then
        apt-get -o DPkg::Lock::Timeout=300 update -q
        apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends "$@"
    fi
    # nor is the test's Prometheus to start with the next boot
    case " $* " in
    *' prometheus '*) systemctl disable -q prometheus || rm -f /etc/systemd/system/multi-user.target.wants/prometheus.service ;;
    esac
}
