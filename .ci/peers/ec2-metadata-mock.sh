#!/bin/sh
# Installs AWS's own mock of the metadata service, a peer of test/e2e/ec2-metadata-mock.test.ts. Needs Go; run as root.
set -eu
place=/opt/imds-probe-peers/ec2-metadata-mock
version=v1.13.0
[ "$(cat "$place/installed" 2>/dev/null)" = "$version" ] && exit 0
mkdir -p "$place"
GOBIN="$place" go install "github.com/aws/amazon-ec2-metadata-mock/cmd/ec2-metadata-mock@$version"
echo "$version" >"$place/installed"
