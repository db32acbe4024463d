#!/bin/sh
# What Distributor runs to remove it: nothing stays.
set -eu
cd "$(dirname "$0")"
sh "./$(cat version)/install.sh" uninstall
