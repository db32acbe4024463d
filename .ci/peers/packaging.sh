#!/bin/sh
# Installs what makes and judges the packages (npm run package, test/system/packages.test.ts): rpm, the other
# architecture's strip, lintian, rpmlint, shellcheck, mandoc, an emulator with the other architecture's libraries to run
# its package, and CycloneDX's own library with its schemas. Run as root.
set -eu
missing=
for package in rpmbuild:rpm aarch64-linux-gnu-strip:binutils-aarch64-linux-gnu strip:binutils xz:xz-utils \
  openssl:openssl lintian:lintian rpmlint:rpmlint shellcheck:shellcheck mandoc:mandoc \
  qemu-aarch64-static:qemu-user-static; do
  command -v "${package%%:*}" >/dev/null || missing="$missing ${package#*:}"
done
[ -e /usr/aarch64-linux-gnu/lib/libstdc++.so.6 ] || missing="$missing libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross"
python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
if [ -n "$missing" ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086 # one word a package
  apt-get install -qq -y --no-install-recommends $missing >/dev/null
fi

place=/opt/imds-probe-peers/packaging
cyclonedx='cyclonedx-python-lib[json-validation]==11.12.0'
[ "$(cat "$place/installed" 2>/dev/null)" = "$cyclonedx" ] && exit 0
rm -rf "$place"
python3 -m venv "$place/python"
"$place/python/bin/pip" install --quiet --disable-pip-version-check "$cyclonedx"
echo "$cyclonedx" >"$place/installed"
