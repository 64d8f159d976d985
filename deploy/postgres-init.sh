#!/bin/bash
# Run once by the postgres image when its data folder is new: the logins, with the
# passwords of the secrets, and the database. The tables are made by `tocsin migrate`.
set -euo pipefail
psql=(psql -v ON_ERROR_STOP=1 -X -q --username "${POSTGRES_USER:-postgres}" --dbname postgres)
"${psql[@]}" -f /usr/share/tocsin/sql/roles.sql
for login in tocsin_owner tocsin_web tocsin_work; do
    "${psql[@]}" -v login="$login" -v password="$(cat "/run/secrets/$login")" <<'SQL'
alter role :"login" password :'password';
SQL
done
"${psql[@]}" -c 'create database tocsin owner tocsin_owner'
