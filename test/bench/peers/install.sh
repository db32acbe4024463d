#!/bin/sh
# Installs what `npm run bench` measures with and beside: GNU time, valgrind, and Debian's exporters, none of them started.
# AWS's clients come from .ci/peers/python-aws.sh. Run as root; whatever is not there, the bench names and leaves out.
set -eu
missing=
for package in time:time valgrind:valgrind curl:curl prometheus-node-exporter:prometheus-node-exporter \
  prometheus-blackbox-exporter:prometheus-blackbox-exporter; do
  command -v "${package%%:*}" >/dev/null || missing="$missing ${package#*:}"
done
[ -z "$missing" ] && exit 0
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
apt-get update -qq
# shellcheck disable=SC2086 # one word a package
apt-get install -qq -y --no-install-recommends $missing >/dev/null
