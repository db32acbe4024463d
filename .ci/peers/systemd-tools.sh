#!/bin/sh
# Installs what test/e2e/supervisor.test.ts lets the agent speak to: systemd-notify, systemd-journald, logger. Run as root.
set -eu
missing=
for package in systemd-notify:systemd logger:bsdutils unshare:util-linux python3:python3; do
  command -v "${package%%:*}" >/dev/null || missing="$missing ${package#*:}"
done
[ -x /usr/lib/systemd/systemd-journald ] || [ -x /lib/systemd/systemd-journald ] || missing="$missing systemd"
if [ -n "$missing" ]; then
  apt-get update -qq
  # shellcheck disable=SC2086 # one word a package
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
fi
