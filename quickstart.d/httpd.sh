# shellcheck shell=bash disable=SC2034 # parts of one program set what other parts use
# httpd: a private Apache with Tocsin at its root.

httpd_bin() { printf '%s/%s' "$(apxs -q SBINDIR)" "$(apxs -q PROGNAME)"; }
httpd_pid() { pid "$RUN/httpd.pid" "$CONF/httpd.conf"; }

# Settles port and address before anything is built.
httpd_settings() {
    local port listen old_port old_listen
    old_port=$(setting port || true)
    old_listen=$(setting listen || true)
    port=${Q_PORT:-${old_port:-8080}}
    listen=${Q_LISTEN:-${old_listen:-127.0.0.1}}
    if httpd_pid >/dev/null && [ "$port $listen" != "$old_port $old_listen" ]; then
        step "moving from $old_listen:$old_port to $listen:$port"
        httpd_stop
    fi
    # children of a killed httpd go on and keep the port
    httpd_pid >/dev/null || httpd_strays
    if ! httpd_pid >/dev/null && port_taken "$listen" "$port"; then
        fail "port $port is taken by another program" "choose another with --port N, or end that program (ss -ltnp 'sport = :$port' names it)"
    fi
    [ "$port" -ge 1024 ] || [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -le "$port" ] ||
        fail "port $port is for root only, and httpd runs as $(id -un)" "choose a port from 1024 with --port, or put the system's Apache in front (docs/install.md)"
    printf '%s\n' "$port" >"$CONF/port"
    printf '%s\n' "$listen" >"$CONF/listen"
}

httpd_strays() {
    local at
    for at in $(strays "-f $CONF/httpd.conf"); do
        kill -KILL "$at" 2>/dev/null || continue
        until_gone "$at" 5 || true
    done
}

port_taken() {
    local at=$1
    case $at in 0.0.0.0) at=127.0.0.1 ;; '::') at=::1 ;; esac
    (exec 3<>"/dev/tcp/$at/$2") 2>/dev/null
}

httpd_conf() {
    local libexec m load='' listen
    libexec=$(apxs -q LIBEXECDIR)
    for m in mpm_event authn_core authn_file authz_core authz_user authz_host auth_basic alias dir mime env \
        setenvif headers rewrite expires deflate filter dbd status reqtimeout; do
        load+="LoadModule ${m}_module $libexec/mod_$m.so"$'\n'
    done
    listen=$(setting listen)
    case $listen in *:*) listen="[$listen]" ;; esac
    cat <<CONF
# Written by quickstart at each start; your own lines belong in httpd.local beside it.
# Build: $PRINT
ServerRoot "$Q_HOME"
ServerName localhost
Listen $listen:$(setting port)
PidFile run/httpd.pid
DefaultRuntimeDir run
Mutex file:run default
ScoreBoardFile run/scoreboard
ErrorLog logs/httpd.log
LogLevel warn
TypesConfig /etc/mime.types
LogFormat "%h %l %u %t \"%r\" %>s %O" common
CustomLog logs/access.log common env=!quiet
ServerTokens Prod
TraceEnable Off
$load
# Event streams count as connections, so many are allowed per thread; children are fixed,
# and there is room for those of before while a graceful restart is under way.
StartServers 2
ServerLimit 6
ThreadsPerChild 25
MaxRequestWorkers 50
MinSpareThreads 1
MaxSpareThreads 50
AsyncRequestWorkerFactor 200
Timeout 30
KeepAliveTimeout 15
RequestReadTimeout header=10-20,MinRate=500 body=10,MinRate=500
<Directory />
  AllowOverride None
  Require all denied
</Directory>
Define TOCSIN_PATH "/"
Define TOCSIN_DB "host=$SOCK dbname=tocsin user=tocsin_web"
Define TOCSIN_KEYS "$CONF/keys"
Define TOCSIN_HTDOCS "$OPT/share/tocsin/htdocs"
Define TOCSIN_STATUS "$Q_HOME/status"
Define TOCSIN_FLEET "$RUN/fleet.sock"
Include "$OPT/etc/apache2/mods-available/tocsin.load"
Include "$OPT/etc/apache2/mods-available/tocsin.conf"
# This machine may watch itself.
TocsinAllowTarget 127.0.0.0/8
TocsinAllowTarget ::1/128
# A Prometheus on this machine may scrape it without a token; tocsin.conf lets nobody else in.
<Location "/metrics">
  TocsinMetricsAnonymous all
</Location>
$(sed 's/^/TocsinAllowTarget /' "$CONF/allow" 2>/dev/null)
$(! people_demo || echo "TocsinDemo On")
IncludeOptional "$CONF/httpd.local"
CONF
}

httpd_start() {
    local bin
    bin=$(httpd_bin)
    [ -e "$CONF/keys" ] || (umask 077 && printf 'k%s %s\n' "$(date +%Y%m%d)" "$(head -c 48 /dev/urandom | base64 -w0)" >"$CONF/keys")
    httpd_conf >"$CONF/httpd.conf.new"
    if httpd_pid >/dev/null; then
        if cmp -s "$CONF/httpd.conf" "$CONF/httpd.conf.new"; then
            rm "$CONF/httpd.conf.new"
            return
        fi
        # modules stay mapped over a graceful restart (nodelete): new ones need a new process
        httpd_stop
    fi
    mv "$CONF/httpd.conf.new" "$CONF/httpd.conf"
    logged "$LOGS/start.log" "the test of httpd's configuration" "$bin" -f "$CONF/httpd.conf" -t
    logged "$LOGS/start.log" "the start of httpd" "$bin" -f "$CONF/httpd.conf" -k start
    STARTED="httpd $STARTED"
}

# Returns when it answers that all is well, database included.
httpd_ready() {
    local i at host
    host=$(setting listen)
    case $host in 0.0.0.0 | '::') host=127.0.0.1 ;; *:*) host="[$host]" ;; esac
    at="http://$host:$(setting port)/api/v1/ready"
    for ((i = 0; i < 300; i++)); do
        if curl -sf --noproxy '*' -m 5 -o "$RUN/ready" "$at"; then return; fi
        httpd_pid >/dev/null || [ $i -lt 20 ] || break
        sleep 0.1
    done
    tail -n 15 "$LOGS/httpd.log" "$LOGS/tocsind.log" >&2 || true
    curl -s --noproxy '*' -m 5 "$at" >&2 || true
    fail "Tocsin was started and does not get ready" "read the lines above"
}

httpd_stop() {
    local at
    at=$(httpd_pid) || return 0
    kill -TERM "$at" 2>/dev/null || true
    until_gone "$at" 15 || kill -KILL "$at" 2>/dev/null || true
}
