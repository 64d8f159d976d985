# shellcheck shell=bash disable=SC2034 # parts of one program set what other parts use
# database: a private PostgreSQL cluster. It listens on a socket that only its owner can
# reach, it is durable, and the system's user is its password.

PGBIN=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -1)
OWNER="host=$SOCK dbname=tocsin user=tocsin_owner"

database_pid() { pid "$Q_HOME/pg/postmaster.pid" "$Q_HOME/pg"; }

database_stop() {
    "$PGBIN/pg_ctl" -D "$Q_HOME/pg" -m fast -w -t 60 -s stop >>"$LOGS/postgres.log" 2>&1
}

database_start() {
    local version
    [ -n "$PGBIN" ] || fail "PostgreSQL's server is not installed" "start without --no-install"
    if [ -e "$Q_HOME/pg/PG_VERSION" ]; then
        version=$(cat "$Q_HOME/pg/PG_VERSION")
        PGBIN=/usr/lib/postgresql/$version/bin
        [ -x "$PGBIN/postgres" ] || fail "the data in $Q_HOME/pg needs PostgreSQL $version, which is not installed any more" "apt-get install postgresql-$version, or move the data by pg_upgrade"
        database_pid >/dev/null && return
    else
        step "making a PostgreSQL cluster"
        rm -rf "$Q_HOME/pg.new"
        logged "$LOGS/initdb.log" "the making of the cluster" cluster_make
        mv "$Q_HOME/pg.new" "$Q_HOME/pg"
    fi
    logged "$LOGS/start.log" "the start of PostgreSQL" "$PGBIN/pg_ctl" -D "$Q_HOME/pg" -l "$LOGS/postgres.log" -w -t 60 -s start
    STARTED="database $STARTED"
}

cluster_make() {
    local user
    user=$(id -un)
    "$PGBIN/initdb" -D "$Q_HOME/pg.new" -U postgres -A peer -E UTF8 --locale=C.UTF-8 -k || return
    cat >>"$Q_HOME/pg.new/postgresql.conf" <<CONF || return
# by quickstart
listen_addresses = ''
unix_socket_directories = '$SOCK'
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 128MB
max_wal_size = 512MB
log_timezone = 'UTC'
timezone = 'UTC'
CONF
    printf '%s\n' 'local all all peer map=tocsin' >"$Q_HOME/pg.new/pg_hba.conf" || return
    for login in postgres tocsin_owner tocsin_web tocsin_work; do
        printf 'tocsin "%s" %s\n' "$user" $login
    done >"$Q_HOME/pg.new/pg_ident.conf"
}

# Once for each build.
database_migrate() {
    [ "$PRINT" != "$(cat "$Q_HOME/pg/tocsin.print" 2>/dev/null)" ] || return 0
    logged "$LOGS/migrate.log" "the preparation of the database" migrate
    printf '%s\n' "$PRINT" >"$Q_HOME/pg/tocsin.print"
}

migrate() {
    local sql="$OPT/share/tocsin/sql" psql=("$PGBIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$SOCK" -U postgres)
    "${psql[@]}" -d postgres -f "$sql/roles.sql" || return
    if [ "$("${psql[@]}" -d postgres -c "select 1 from pg_database where datname = 'tocsin'")" != 1 ]; then
        "${psql[@]}" -d postgres -c 'create database tocsin owner tocsin_owner' || return
    fi
    "$OPT/bin/tocsin" migrate --database "$OWNER" --sql "$sql"
}

# sql TEXT [-v name=value…]: as the owner; :'name' quotes
sql() {
    local text=$1
    shift
    printf '%s\n' "$text" | "$PGBIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 "$@" "$OWNER"
}
