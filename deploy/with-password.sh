#!/bin/sh
# with-password COMMAND…: runs it with libpq's passwords in place. libpq refuses a password
# file that others may read, and a mounted secret is one: so it is copied.
set -eu
umask 077
PGPASSFILE=$(mktemp)
export PGPASSFILE
cat /run/secrets/pgpass >"$PGPASSFILE"
exec "$@"
