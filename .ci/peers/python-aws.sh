#!/bin/sh
# Installs AWS's Python clients (AWS CLI, boto3, botocore) in an environment of their own: test/e2e/simulator-real-clients.test.ts
# has them talk to the embedded instance. Run as root.
set -eu

place=/opt/imds-probe-peers/python-aws
wanted='awscli==1.45.11 boto3==1.43.11 botocore==1.43.11'

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
"$place/bin/aws" --version >/dev/null
echo "$wanted" >"$place/installed"
