# shellcheck shell=bash disable=SC2034 # parts of one program set what other parts use
# tocsind: the daemon. Its configuration is written at each start; lines of
# conf/tocsind.local take the place of ours.

tocsind_pid() { pid "$RUN/tocsind.pid" "$CONF/tocsind.conf"; }

tocsind_conf() {
    local address smtp tls=required
    address=$(address)
    smtp=$(setting smtp_url || echo smtp://127.0.0.1:25)
    case ${smtp#*://} in
    127.* | localhost* | '[::1]'*) tls=opportunistic ;; # never leaves this machine
    esac
    cat <<CONF | local_first "$CONF/tocsind.local"
# Written by quickstart at each start; lines of tocsind.local take the place of these.
# Build: $PRINT
database = host=$SOCK dbname=tocsin user=tocsin_work
public_url = ${address%/}
lock_file = $RUN/tocsind.lock
run_dir = $RUN
status_dir = $Q_HOME/status
$(if people_demo; then echo "demo = yes"; else tocsind_fleet; fi)
allow_target = 127.0.0.0/8
allow_target = ::1/128
$(sed 's/^/allow_target = /' "$CONF/allow" 2>/dev/null)
smtp_url = $smtp
smtp_starttls = $tls
smtp_from = $(setting smtp_from || echo "tocsin@$(hostname 2>/dev/null || echo localhost)")
CONF
}

# Agents may be in the private networks, and on this machine.
tocsind_fleet() {
    echo "fleet_dir = $Q_HOME/fleet"
    printf 'fleet_allow = %s\n' 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fc00::/7 127.0.0.0/8 ::1/128
}

# Lines of the file given, then those of standard input whose key is not in it.
local_first() {
    [ -e "$1" ] || { cat && return; }
    awk -F '[ \t]*=' '
        NR == FNR { print; key = $1; gsub(/[ \t]/, "", key); if (key !~ /^#/) has[key] = 1; next }
        !($1 in has)' "$1" -
}

tocsind_start() {
    [ -z "${TOCSIN_SMTP_URL:-}" ] || printf '%s\n' "$TOCSIN_SMTP_URL" >"$CONF/smtp_url"
    [ -z "${TOCSIN_SMTP_FROM:-}" ] || printf '%s\n' "$TOCSIN_SMTP_FROM" >"$CONF/smtp_from"
    people_demo || [ -e "$Q_HOME/fleet/ca.pem" ] ||
        logged "$LOGS/start.log" "the making of the fleet's keys" "$OPT/bin/tocsin" fleet init --dir "$Q_HOME/fleet"
    (umask 077 && tocsind_conf >"$CONF/tocsind.conf.new")
    if tocsind_pid >/dev/null; then
        if cmp -s "$CONF/tocsind.conf" "$CONF/tocsind.conf.new"; then
            rm "$CONF/tocsind.conf.new"
            return
        fi
        tocsind_stop
    fi
    mv "$CONF/tocsind.conf.new" "$CONF/tocsind.conf"
    logged "$LOGS/start.log" "the test of tocsind's configuration" "$OPT/sbin/tocsind" -c "$CONF/tocsind.conf" -t
    setsid "$OPT/sbin/tocsind" -c "$CONF/tocsind.conf" -f \
        </dev/null >>"$LOGS/tocsind.log" 2>&1 9>&- &
    printf '%s\n' $! >"$RUN/tocsind.pid"
    STARTED="tocsind $STARTED"
}

tocsind_stop() {
    local at
    at=$(tocsind_pid) || return 0
    kill -TERM "$at" 2>/dev/null || true
    until_gone "$at" 15 || kill -KILL "$at" 2>/dev/null || true
    rm -f "$RUN/tocsind.pid"
}
