#!/bin/sh
# Installs moto's CloudWatch and boto3 to read it back, the peers of test/e2e/moto.test.ts. Run as root.
set -eu

place=/opt/imds-probe-peers/moto
wanted='moto[server]==5.2.1 boto3==1.43.11'

[ "$(cat "$place/installed" 2>/dev/null)" = "$wanted" ] && exit 0

if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -qq -y --no-install-recommends python3-venv >/dev/null
fi
rm -rf "$place"
python3 -m venv "$place"
# shellcheck disable=SC2086 # one word a package
"$place/bin/pip" install --quiet --disable-pip-version-check $wanted
"$place/bin/moto_server" --help >/dev/null
echo "$wanted" >"$place/installed"
