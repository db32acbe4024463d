#!/bin/sh
# Installs chronyd and libfaketime, the time server that test/e2e/chrony.test.ts measures against. Run as root.
set -eu

command -v chronyd >/dev/null && command -v faketime >/dev/null && exit 0

# The package takes the place of the time daemon that is there. On a machine that is really kept in time by one,
# that is not for a test to do.
if command -v systemctl >/dev/null && systemctl is-active --quiet systemd-timesyncd ntpsec openntpd 2>/dev/null; then
  echo 'chrony.sh: another time daemon runs here; not replacing it' >&2
  exit 1
fi

# Nothing may be started: chronyd as a service would set this machine's clock.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends chrony faketime >/dev/null
