#!/bin/sh
# Installs promtool, the Prometheus parser that test/e2e/promtool.test.ts asks. Run as root.
set -eu

command -v promtool >/dev/null && exit 0

# Only this one program is taken out of Debian's package: the service and its web console are not wanted here.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# apt downloads as an unprivileged user.
chmod 755 "$work"
chown _apt "$work" 2>/dev/null || true
cd "$work"
apt-get update -qq
apt-get download -qq prometheus
dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool
install -m 755 usr/bin/promtool /usr/local/bin/promtool
promtool --version >/dev/null
