#!/bin/bash
# inner: what happens in the home, as the run user. Called by quickstart, which holds the
# lock as file descriptor 9; no process that stays may inherit it.
# shellcheck disable=SC2034 # used by the parts
set -euo pipefail
umask 022
SELF=$Q_HOME/src
LOGS=$Q_HOME/logs
OPT=$Q_HOME/opt
CONF=$Q_HOME/conf
RUN=$Q_HOME/run
SOCK=$Q_HOME/sock
for part in say build database httpd tocsind people; do
    # shellcheck source=/dev/null
    . "$SELF/quickstart.d/$part.sh"
done
# only the program that makes the administrator is told his password
export -n TOCSIN_ADMIN_EMAIL TOCSIN_ADMIN_PASSWORD
ulimit -n "$(ulimit -Hn)" 2>/dev/null || true
# a tool that takes Ctrl-C for its own and ends well (autoreconf does) must not swallow it
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# pid FILE WORD: the process of a pid file, when it lives and its command line has WORD.
# A pid file that outlived its process, or whose number is another's now, is taken away.
pid() {
    local file=$1 pid=''
    [ -s "$file" ] || return 1
    read -r pid <"$file" || true
    case $pid in
    '' | *[!0-9]*) ;;
    *) if { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qF -- "$2"; then
        echo "$pid"
        return
    fi ;;
    esac
    rm -f "$file"
    return 1
}

# strays WORD: our processes whose command line has WORD
strays() {
    local file
    for file in /proc/[0-9]*/cmdline; do
        [ -O "$file" ] || continue
        { tr '\0' ' ' <"$file"; } 2>/dev/null | grep -qF -- "$1" || continue
        file=${file#/proc/}
        [ "${file%/*}" = $$ ] || echo "${file%/*}"
    done
}

# until_gone PID SECONDS
until_gone() {
    local i
    for ((i = 0; i < $2 * 20; i++)); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.05
    done
    return 1
}

address() {
    local host
    host=$(setting listen)
    case $host in
    0.0.0.0 | '::') host=$(hostname -f 2>/dev/null || hostname 2>/dev/null || echo localhost) ;;
    *:*) host="[$host]" ;;
    esac
    printf 'http://%s:%s/\n' "$host" "$(setting port)"
}

# setting NAME: what an earlier start was told
setting() { cat "$CONF/$1" 2>/dev/null; }

start() {
    local began=$SECONDS url
    mkdir -p "$LOGS" "$CONF" "$RUN" "$SOCK" "$Q_HOME/status"
    chmod 700 "$SOCK" "$CONF" "$RUN"
    STARTED=''
    trap start_undo EXIT
    httpd_settings
    people_demo_choose
    for url in "$@"; do people_allow "$url"; done
    build_if_needed
    database_start
    database_migrate
    people_demo_make
    httpd_start
    people_admin
    for url in "$@"; do people_watch "$url"; done
    tocsind_start
    httpd_ready
    trap - EXIT
    summary $((SECONDS - began))
}

# What this start started, a failed start ends; what ran before goes on.
start_undo() {
    local code=$? part
    trap - EXIT
    set +e
    for part in $STARTED; do "${part}_stop" >/dev/null 2>&1; done
    exit "$code"
}

summary() {
    CODE=
    local at
    at=$(address)
    say ""
    if people_demo; then
        say "  Look around at $at: the data is made up, and nothing can be changed."
    elif people_code; then
        say "  Make the first administrator (the code works once):"
        say "      ${at}setup/#$CODE"
        say "      set-up code: $CODE"
    else
        say "  Sign in at ${at}signin/"
    fi
    case $(setting listen) in
    127.* | ::1) say "  From another machine: ssh -L $(setting port):127.0.0.1:$(setting port) $(hostname 2>/dev/null || echo HOST), or start with --listen 0.0.0.0" ;;
    esac
    say "  Settings: $CONF/tocsind.local (mail: smtp_url), $CONF/httpd.local; logs: $LOGS"
    say ""
    say "Tocsin runs at $at after $1 s (httpd $(httpd_pid), tocsind $(tocsind_pid), PostgreSQL $(database_pid)); stop it with: $Q_SELF stop${Q_MINE:-}"
}

stop() {
    local any=''
    for part in tocsind httpd database; do
        if "${part}_pid" >/dev/null; then
            any=1
            "${part}_stop"
        fi
    done
    if [ -n "$any" ]; then say "Tocsin in $Q_HOME is stopped; the data stays"; else say "nothing of $Q_HOME runs"; fi
}

status() {
    local part at all=0
    for part in database httpd tocsind; do
        if at=$("${part}_pid"); then say "$part runs, pid $at"; else say "$part does not run" && all=3; fi
    done
    if [ $all = 0 ]; then
        say "Tocsin runs at $(address); stop it with: $Q_SELF stop${Q_MINE:-}"
    else
        say "start it with: $Q_SELF start${Q_MINE:-}"
    fi
    return $all
}

check() {
    mkdir -p "$Q_HOME/check"
    exec "$SELF/tests/check" --work "$Q_HOME/check" "$@" 9>&-
}

"$@"
