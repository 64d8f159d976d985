#!/bin/sh
# Starts httpd in the container. The key that signs sessions is made once and kept in the
# volume.
set -eu
umask 077
state=/var/lib/tocsin
[ -s $state/keys ] || printf 'k1 %s\n' "$(head -c 48 /dev/urandom | base64 -w0)" >$state/keys
APACHE_RUN_USER=www-data APACHE_RUN_GROUP=www-data APACHE_PID_FILE=/var/run/apache2/apache2.pid
APACHE_RUN_DIR=/var/run/apache2 APACHE_LOCK_DIR=/var/run/apache2 APACHE_LOG_DIR=/var/log/apache2
export APACHE_RUN_USER APACHE_RUN_GROUP APACHE_PID_FILE APACHE_RUN_DIR APACHE_LOCK_DIR APACHE_LOG_DIR
exec apache2 -DFOREGROUND \
    -C 'Define TOCSIN_PATH "/"' \
    -C 'Define TOCSIN_STATUS /srv/tocsin/status' \
    -C 'Define TOCSIN_FLEET /run/tocsin/gateway/fleet.sock' \
    -C "Define TOCSIN_KEYS \"$state/keys\"" \
    -C "Define TOCSIN_DB \"host=postgres dbname=tocsin user=tocsin_web\""
