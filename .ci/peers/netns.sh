#!/bin/sh
# Installs what builds the laboratory of network namespaces in test/e2e/hop-limit.test.ts. Run as root.
set -eu
missing=
for package in ip:iproute2 nft:nftables python3:python3 sysctl:procps; do
  command -v "${package%%:*}" >/dev/null || missing="$missing ${package#*:}"
done
[ -z "$missing" ] && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # one word a package
apt-get install -qq -y --no-install-recommends $missing >/dev/null
