#!/bin/sh
# Installs what boots a Debian (systemd-nspawn), and keeps that Debian for test/system/boot.test.ts, which never writes
# to it. Run as root.
set -eu

missing=
for package in systemd-nspawn:systemd-container debootstrap:debootstrap ip:iproute2 openssl:openssl; do
  command -v "${package%%:*}" >/dev/null || missing="$missing ${package#*:}"
done
if [ -n "$missing" ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086 # one word a package
  apt-get install -qq -y --no-install-recommends $missing >/dev/null
fi

suite=bookworm
# What a Debian image on EC2 has and a minimal one has not. debootstrap does not see that cryptography needs cffi.
include=systemd,systemd-sysv,dbus,ca-certificates,openssl,curl,procps,iproute2,python3-cffi-backend,cloud-init,rpm
key="$suite $include"
base=${XDG_CACHE_HOME:-$HOME/.cache}/imds-probe/boot
[ "$(cat "$base.key" 2>/dev/null)" = "$key" ] && exit 0

# Where this machine's own packages come from is where the guest's come from.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null |
  sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] *\)\{0,1\}\([^ ]*\) .*/\2/p' |
  grep '/debian/*$' | head -n 1)
rm -rf "$base" "$base.key"
mkdir -p "${base%/*}"
if ! debootstrap --variant=minbase --include="$include" "$suite" "$base" ${mirror:+"$mirror"} >"$base.log" 2>&1; then
  tail -n 20 "$base.log" "$base/debootstrap/debootstrap.log" >&2
  exit 1
fi
# Timers would work beside the test, and their load is none of its business.
rm -rf "$base/var/cache/apt/archives" "$base"/etc/systemd/system/timers.target.wants
mkdir -p "$base/var/cache/apt/archives/partial"
printf '%s' "$key" >"$base.key"
