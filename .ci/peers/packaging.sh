#!/bin/sh
# Installs what makes and judges the packages (npm run package, test/system/packages.test.ts): rpm, the other
# architecture's strip, lintian, rpmlint, shellcheck, mandoc, and an emulator with the other
# architecture's libraries to run its package. Run as root.
set -eu
missing=
for package in rpmbuild:rpm aarch64-linux-gnu-strip:binutils-aarch64-linux-gnu strip:binutils xz:xz-utils \
  openssl:openssl lintian:lintian rpmlint:rpmlint shellcheck:shellcheck mandoc:mandoc \
  qemu-aarch64-static:qemu-user-static; do
  command -v "${package%%:*}" >/dev/null || missing="$missing ${package#*:}"
done
[ -e /usr/aarch64-linux-gnu/lib/libstdc++.so.6 ] || missing="$missing libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross"
[ -n "$missing" ] || exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # one word a package
apt-get install -qq -y --no-install-recommends $missing >/dev/null
