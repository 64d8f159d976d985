#!/bin/sh
# Starts tocsind in the container. The keys of the fleet are made once and kept in the volume.
set -eu
fleet=/var/lib/tocsin/fleet
[ -e $fleet/ca.pem ] || tocsin fleet init --dir $fleet
exec /usr/sbin/tocsind -c /etc/tocsin/tocsind.conf -f
