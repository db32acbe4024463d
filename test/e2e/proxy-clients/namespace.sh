#!/bin/sh
# Makes a network of its own for one client: every address of the table sits on this namespace's loopback,
# so a packet meant for the metadata service or a proxy can't leave it. Then runs "$@" there.
# Usage: unshare --net --mount sh namespace.sh COMMAND...
set -eu
here=$(dirname "$0")
ip link set lo up
for address in 169.254.169.254 169.254.170.2 169.254.170.23 192.0.2.1 192.0.2.80 192.0.2.81; do
  ip addr add "$address/32" dev lo
done
for address in fd00:ec2::254 fd00:ec2::23 2001:db8::1 2001:db8::80; do
  ip -6 addr add "$address/128" dev lo nodad
done
mount --make-rprivate /
mount --bind "$here/hosts" /etc/hosts
mount --bind /dev/null /etc/resolv.conf
# Names come from that file only, whatever this machine's nsswitch.conf says.
lookup=$(mktemp)
echo 'hosts: files' >"$lookup"
mount --bind "$lookup" /etc/nsswitch.conf
rm -f "$lookup" 2>/dev/null || true
exec "$@"
