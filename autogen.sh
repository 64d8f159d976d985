#!/bin/sh
# Makes configure and the Makefile.in files from a checkout.
cd "$(dirname "$0")" && exec autoreconf -fi
