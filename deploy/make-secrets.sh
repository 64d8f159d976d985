#!/bin/sh
# Makes the passwords that compose.yaml hands to the containers; keeps those there are.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets
for login in postgres tocsin_owner tocsin_web tocsin_work; do
    [ -s "secrets/$login" ] || head -c 24 /dev/urandom | base64 | tr -d '\n/+=' >"secrets/$login"
done
for login in tocsin_owner tocsin_web tocsin_work; do
    printf 'postgres:5432:tocsin:%s:%s\n' "$login" "$(cat "secrets/$login")"
done >secrets/pgpass
# the containers' users read them through the secret's mount
chmod 755 secrets
chmod 644 secrets/*
