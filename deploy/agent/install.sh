#!/bin/sh
# install.sh: puts tocsin-agent on this machine, enrols it, and starts it.
#
#   curl -fsS URL/agent/install.sh | sh -s -- --url URL --token TOKEN [--name NAME] [--address ADDRESS]
#   sh install.sh upgrade   (--url URL | --from FOLDER)
#   sh install.sh uninstall [--purge]
#
# Whatever fails is undone, so that nothing is left half made. docs/agent-install.md explains
# each step, and how to do it by hand. Nothing happens before the last line was read.
set -eu
umask 022

BIN=/usr/local/sbin/tocsin-agent
UNITS=/etc/systemd/system
RULES=/etc/polkit-1/rules.d
CONF=/etc/tocsin/agent.conf
STATE=/var/lib/tocsin-agent
AGENT=tocsin-agent # the user, and its group
PORT=7443
# the key that releases are signed with, PEM without its first and last line; filled in by a
# release that is signed
PINNED_KEY='@RELEASE_KEY@'

say() { printf '%s\n' "$*"; }

# fail WHAT TO-DO
fail() {
    printf 'install.sh: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '  To do: %s\n' "$2" >&2
    exit 1
}

usage() {
    cat <<TEXT
Usage: install.sh [install] --url URL --token TOKEN [options]
       install.sh upgrade (--url URL | --from FOLDER | --release URL) [options]
       install.sh uninstall [--purge]

--url URL          where Tocsin is, such as https://status.example.org/tocsin/
--token TOKEN      the token of "Add host"; '-' reads it from standard input
--name NAME        what the host is called [its host name]
--address ADDRESS  where Tocsin reaches the agent, a private address [the one that leads to URL], or
                   ADDRESS:PORT [$PORT]
--docker           let the agent speak to Docker: that group is as mighty as root
--from FOLDER      take the release from a folder; --release URL from another address than Tocsin's
--key FILE         refuse a release that is not signed by this Ed25519 key (PEM)
--cacert FILE      the authority of Tocsin's own certificate
--purge            uninstall: the configuration, the key and the user go, too
TEXT
}

# ---- what was done, undone from the last to the first unless all went well

DONE=no
WORK=''

undo() { printf '%s\n' "$1" >>"$WORK/undo"; }

leave() {
    code=$?
    trap '' INT TERM HUP
    if [ -n "$WORK" ]; then
        if [ $DONE = no ] && [ -s "$WORK/undo" ]; then
            printf 'install.sh: undoing what was done\n' >&2
            # last in, first out
            sed -n '1!G;h;$p' "$WORK/undo" | while IFS= read -r line; do
                sh -c "$line" >/dev/null 2>&1 || printf '  could not: %s\n' "$line" >&2
            done
        fi
        rm -rf "$WORK"
    fi
    exit $code
}

# put FILE DESTINATION MODE: whole or not at all; what was there comes back if all fails
put() {
    dir=$(dirname "$2")
    if [ ! -d "$dir" ]; then
        mkdir -p "$dir"
        undo "rmdir -p '$dir'"
    fi
    cp "$1" "$2.new"
    chmod "$3" "$2.new"
    chown 0:0 "$2.new"
    if [ -e "$2" ]; then
        kept=$WORK/kept$(echo "$2" | tr / -)
        cp -p "$2" "$kept"
        undo "cp -p '$kept' '$2.new' && mv -f '$2.new' '$2'"
    else
        undo "rm -f '$2'"
    fi
    mv -f "$2.new" "$2"
}

# ---- what this machine is

need_root() {
    [ "$(id -u)" = 0 ] || fail "only root can install an agent" "run it as root: sudo sh -s -- … instead of sh -s -- …"
}

need_systemd() {
    [ -d /run/systemd/system ] || fail "this machine does not run systemd" "the agent needs it: see docs/agent-install.md for containers"
}

need() {
    for program in "$@"; do
        command -v "$program" >/dev/null 2>&1 || fail "there is no $program here" "install it (Debian, Ubuntu: apt-get install $program) and start again"
    done
}

find_arch() {
    machine=$(uname -m)
    case $machine in
    x86_64 | amd64) ARCH=amd64 ;;
    aarch64 | arm64) ARCH=arm64 ;;
    *) fail "there is no agent for $machine" "agents are built for x86_64 and aarch64" ;;
    esac
}

# ---- the release: fetched, its sum and signature checked, unpacked

fetch() {
    if [ -n "$FROM" ]; then
        [ -r "$FROM/$1" ] || return 1
        cp "$FROM/$1" "$WORK/$1"
    else
        # shellcheck disable=SC2086
        curl -fsSL --retry 3 --connect-timeout 10 --max-time 300 $CACERT -o "$WORK/$1" "$RELEASE/$1" 2>"$WORK/said"
    fi
}

get_release() {
    where=${FROM:-$RELEASE}
    fetch SHA256SUMS || fail "there is no SHA256SUMS at $where: $(cat "$WORK/said" 2>/dev/null)" \
        "see that the address is right and that Tocsin has agents to give away (make release, make install)"
    check_signature
    archive=tocsin-agent-linux-$ARCH.tar.gz
    [ "$(grep -c "^[0-9a-f]\{64\}  $archive\$" "$WORK/SHA256SUMS")" = 1 ] ||
        fail "the release at $where has no agent for $ARCH" "build one with: make release"
    fetch "$archive" || fail "$archive cannot be fetched from $where: $(cat "$WORK/said" 2>/dev/null)" "see that the disk is not full and that the network is whole, and start again"
    (cd "$WORK" && grep "  $archive\$" SHA256SUMS | sha256sum -c - >/dev/null 2>&1) ||
        fail "$archive is damaged or was changed: its checksum differs" "start again; if that does not help, do not use it, and ask who runs $where"
    mkdir "$WORK/release"
    tar -xzf "$WORK/$archive" -C "$WORK/release" --no-same-owner ||
        fail "$archive cannot be unpacked" "see that the disk is not full"
    "$WORK/release/tocsin-agent" version >"$WORK/said" 2>&1 ||
        fail "the agent does not run on this machine: $(cat "$WORK/said")" "see that /tmp is not mounted noexec (TMPDIR names another folder), and that this is a $ARCH machine"
    NEW=$(sed -n '1s/^tocsin-agent //p' "$WORK/said")
}

check_signature() {
    [ -n "$KEY" ] || return 0
    need openssl
    fetch SHA256SUMS.sig || fail "the release at $where is not signed" "get a signed one, or leave out --key"
    openssl pkeyutl -verify -pubin -inkey "$KEY" -rawin -in "$WORK/SHA256SUMS" -sigfile "$WORK/SHA256SUMS.sig" >"$WORK/said" 2>&1 ||
        fail "the release at $where is not signed by the key that is asked for" "do not use it; ask who runs $where"
}

pinned_key() {
    [ -z "$KEY" ] || return 0
    case $PINNED_KEY in
    @*) ;;
    *)
        KEY=$WORK/key.pem
        printf -- '-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n' "$PINNED_KEY" >"$KEY"
        ;;
    esac
}

# ---- the pieces

make_user() {
    if ! id -u $AGENT >/dev/null 2>&1; then
        need useradd
        useradd --system --user-group --home-dir $STATE --no-create-home --shell /usr/sbin/nologin $AGENT
        undo "userdel $AGENT"
    fi
    join systemd-journal
    [ "$DOCKER" = no ] || join docker
}

join() {
    getent group "$1" >/dev/null || fail "there is no group $1" "install what brings it and start again"
    case " $(id -nG $AGENT) " in
    *" $1 "*) ;;
    *)
        usermod -aG "$1" $AGENT
        undo "gpasswd -d $AGENT $1"
        ;;
    esac
}

make_state() {
    [ -d $STATE ] || {
        mkdir -m 700 $STATE
        undo "rm -rf $STATE"
    }
    chown $AGENT:$AGENT $STATE
    chmod 700 $STATE
}

put_files() {
    undo "systemctl daemon-reload" # after all that is undone before it
    for file in "$WORK/release"/*.service "$WORK/release"/*.socket; do
        [ -e "$file" ] || continue
        put "$file" "$UNITS/$(basename "$file")" 644
    done
    if [ -d /usr/share/polkit-1 ]; then
        for file in "$WORK/release"/*.rules; do
            put "$file" "$RULES/$(basename "$file")" 644
        done
    else
        say "  there is no polkit here: restarts and deploys need it; see docs/agent-install.md"
    fi
    put "$WORK/release/tocsin-agent" $BIN 755
}

# An administrator's file is never overwritten.
make_conf() {
    if [ ! -d /etc/tocsin ]; then
        mkdir -m 755 /etc/tocsin
        undo "rmdir /etc/tocsin"
    fi
    if [ ! -e $CONF ]; then
        {
            printf 'listen = %s\n' "$ADDRESS"
            [ -z "$NAME" ] || printf 'name = %s\n' "$NAME"
            [ ! -e "$WORK/release/agent.conf.example" ] || cat "$WORK/release/agent.conf.example"
        } >$CONF
        undo "rm -f $CONF"
        chmod 640 $CONF
        chown root:$AGENT $CONF
    fi
    as_agent check >"$WORK/said" 2>&1 || {
        cat "$WORK/said" >&2
        fail "the agent does not understand $CONF" "mend that line and start again"
    }
}

as_agent() { runuser -u $AGENT -- $BIN "$@"; }

# ---- enrolment: the request goes by curl, the token's secret stays here

enrol() {
    again=''
    [ ! -e $STATE/cert.pem ] || again=--again
    # shellcheck disable=SC2086
    as_agent enrol-request --token "$TOKEN" $again --name "${NAME:-$(uname -n)}" --address "$ADDRESS" >"$WORK/request" 2>"$WORK/said" ||
        fail "the request to enrol cannot be made: $(cat "$WORK/said")" "copy the token whole; if it is, make a new one with \"Add host\""
    # shellcheck disable=SC2086
    code=$(curl -sS --connect-timeout 10 --max-time 60 $CACERT -o "$WORK/answer" -w '%{http_code}' -H 'Content-Type: application/json' \
        --data-binary "@$WORK/request" "$URL/api/v1/hosts/enrol" 2>"$WORK/said") ||
        fail "Tocsin cannot be asked at $URL: $(cat "$WORK/said")" "see that the address is right and can be reached from here"
    case $code in
    2??) ;;
    *) fail "Tocsin does not take this host: $(said_why "$WORK/answer") ($code)" "make a new token with \"Add host\": each serves once, and for an hour" ;;
    esac
    as_agent enrol-accept <"$WORK/answer" >"$WORK/said" 2>&1 ||
        fail "what answers at $URL is not the Tocsin that made this token: $(cat "$WORK/said")" "see where $URL leads; make a new token there"
}

# the sentence of a problem document, on one line
said_why() {
    sed -n 's/.*"detail" *: *"\(\([^"\\]\|\\.\)*\)".*/\1/p' "$1" 2>/dev/null | head -n 1 | cut -c 1-300
}

own_address() {
    case $ADDRESS in
    '')
        # the end of a connection to Tocsin is the address that its network knows us by
        # shellcheck disable=SC2086
        ADDRESS=$(curl -sS --connect-timeout 10 --max-time 30 $CACERT -o /dev/null -w '%{local_ip}' "$URL/" 2>"$WORK/said") ||
            fail "Tocsin cannot be reached at $URL: $(cat "$WORK/said")" "see that the address is right; or name this host's own with --address"
        ;;
    esac
    case $ADDRESS in
    \[*\]:* | [!:]*.*:*) ;; # with its port
    \[*) ADDRESS=$ADDRESS:$PORT ;;
    *:*) ADDRESS="[$ADDRESS]:$PORT" ;;
    *) ADDRESS=$ADDRESS:$PORT ;;
    esac
}

# ---- starting it

start() {
    systemctl daemon-reload
    for file in "$WORK/release"/*.socket tocsin-agent.service; do
        unit=$(basename "$file")
        [ -e "$UNITS/$unit" ] || continue
        systemctl enable -q "$unit"
        [ "$WAS" = yes ] || undo "systemctl disable -q --now $unit"
        [ "$unit" = tocsin-agent.service ] || systemctl restart "$unit"
    done
    systemctl restart tocsin-agent.service >"$WORK/said" 2>&1 && healthy
}

# It is up, and still is, as the same process, a moment later.
healthy() {
    turn=0 was=''
    while [ $turn -lt 30 ]; do
        pid=$(systemctl show tocsin-agent.service -p MainPID --value)
        if [ "$pid" != 0 ] && [ "$pid" = "$was" ] && systemctl is-active -q tocsin-agent.service; then
            return 0
        fi
        was=$pid
        turn=$((turn + 1))
        sleep 0.5
    done
    return 1
}

trouble() {
    systemctl --no-pager --lines=0 status tocsin-agent.service >&2 2>/dev/null || :
    journalctl -u tocsin-agent.service -n 15 -o cat --no-pager >&2 2>/dev/null || :
}

# ---- the words

install_agent() {
    need_root
    need_systemd
    need curl tar gzip sha256sum runuser
    find_arch
    if [ -z "$TOKEN" ] && [ ! -e $STATE/cert.pem ]; then
        fail "a host that is new here needs a token" "make one with \"Add host\" in Tocsin and give it with --token"
    fi
    [ -n "$URL" ] || [ -z "$TOKEN" ] || fail "where is Tocsin?" "give its address with --url"
    begin
    get_release
    [ -z "$TOKEN" ] || own_address
    WAS=no
    [ ! -e $UNITS/tocsin-agent.service ] || WAS=yes
    say "installing tocsin-agent $NEW for $ARCH"
    make_user
    make_state
    put_files
    make_conf
    if [ -n "$TOKEN" ]; then
        enrol
        say "  enrolled as $(sed -n 's/.*"host" *: *\([0-9]*\).*/host \1/p' "$WORK/answer")"
    fi
    start || {
        trouble
        fail "the agent does not start" "read the lines above; $CONF is what it is configured with"
    }
    DONE=yes
    say "  it runs, and listens on $(sed -n 's/^listen *= *//p' $CONF)"
    say "What it may show and touch is said in $CONF; after a change: systemctl restart tocsin-agent"
}

# The old program is kept beside the new one, and put back when that does not come up.
upgrade_agent() {
    need_root
    need_systemd
    need tar gzip sha256sum runuser
    [ -n "$FROM" ] || need curl
    [ -x $BIN ] || fail "there is no agent here" "install one first: install.sh --url … --token …"
    find_arch
    begin
    get_release
    WAS=yes
    say "upgrading tocsin-agent $($BIN version | sed -n '1s/^tocsin-agent //p') to $NEW"
    cp -p $BIN $BIN.old.new
    mv -f $BIN.old.new $BIN.old
    undo "systemctl restart tocsin-agent.service"
    put_files
    make_conf
    start || {
        trouble
        fail "the new agent does not come up; the old one is put back" "read the lines above and tell who made it"
    }
    DONE=yes
    say "  it runs; the old one is $BIN.old"
}

uninstall_agent() {
    need_root
    need_systemd
    for file in "$UNITS/tocsin-agent.service" "$UNITS"/tocsin-*.socket; do
        [ ! -e "$file" ] || systemctl disable -q --now "$(basename "$file")" || :
    done
    rm -f $UNITS/tocsin-agent.service $UNITS/tocsin-deploy@.service $UNITS/tocsin-env.socket $UNITS/tocsin-env@.service \
        $RULES/*tocsin-agent*.rules $BIN $BIN.old
    systemctl daemon-reload
    if [ "$PURGE" = yes ]; then
        rm -rf $CONF $STATE /var/lib/tocsin-deploy
        rmdir /etc/tocsin 2>/dev/null || :
        if id -u $AGENT >/dev/null 2>&1; then userdel $AGENT; fi
        say "the agent, its key and its configuration are gone"
    else
        say "the agent is gone; $CONF and its key in $STATE stay (uninstall --purge takes them, too)"
    fi
    say "Tocsin goes on expecting it until the host is deleted there"
}

begin() {
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/tocsin-agent.XXXXXX") || fail "no folder can be made in ${TMPDIR:-/tmp}" "see that the disk is not full"
    trap leave EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    pinned_key
    if [ -z "$FROM$RELEASE" ]; then
        [ -n "$URL" ] || fail "where is the release?" "give --url, --from or --release"
        RELEASE=$URL/agent
    fi
    if command -v flock >/dev/null 2>&1; then
        exec 9>/run/tocsin-agent-install.lock
        flock -n 9 || fail "another install.sh is at work" "wait until it is over"
    fi
}

main() {
    WORD=install URL='' TOKEN='' NAME='' ADDRESS='' DOCKER=no FROM='' RELEASE='' KEY='' CACERT='' PURGE=no NEW=''
    case ${1:-} in
    install | upgrade | uninstall)
        WORD=$1
        shift
        ;;
    esac
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help)
            usage
            exit 0
            ;;
        --docker) DOCKER=yes && shift && continue ;;
        --purge) PURGE=yes && shift && continue ;;
        --url | --token | --name | --address | --from | --release | --key | --cacert) ;;
        *) fail "there is no '$1'" "see install.sh --help" ;;
        esac
        [ -n "${2:-}" ] || fail "$1 needs a value" "see install.sh --help"
        case $2 in
        *[[:cntrl:]]*) fail "$1 has characters that no value has" "type it again" ;;
        esac
        case $1 in
        --url) URL=${2%/} ;;
        --token) TOKEN=$2 ;;
        --name) NAME=$2 ;;
        --address) ADDRESS=$2 ;;
        --from) FROM=$2 ;;
        --release) RELEASE=${2%/} ;;
        --key) KEY=$2 ;;
        --cacert) CACERT="--cacert $2" ;;
        esac
        shift 2
    done
    case $URL$RELEASE in
    '' | http://?* | https://?*) ;;
    *) fail "'${URL:-$RELEASE}' is no http:// or https:// address" "copy it from \"Add host\"" ;;
    esac
    [ -z "$KEY" ] || [ -r "$KEY" ] || fail "the key $KEY cannot be read" "name a file in PEM"
    [ "$TOKEN" != - ] || read -r TOKEN || fail "no token came by standard input" "type it, or give it with --token"
    case $WORD in
    install) install_agent ;;
    upgrade) upgrade_agent ;;
    uninstall) uninstall_agent ;;
    esac
}

main "$@"
