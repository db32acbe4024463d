#!/bin/sh
# Installs the real clients that the proxy dialects are held to (test/e2e/proxy-dialects.test.ts): curl, wget, Ruby,
# Python's requests and botocore, and what makes network namespaces. Go and Node come with the machine.
set -eu
missing=
for package in curl:curl wget:wget ruby:ruby python3:python3 ip:iproute2 unshare:util-linux; do
  command -v "${package%%:*}" >/dev/null || missing="$missing ${package#*:}"
done
if [ -n "$missing" ]; then
  apt-get update -qq
  # shellcheck disable=SC2086 # one word a package
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing
fi
if ! python3 -c 'import requests, botocore' 2>/dev/null; then
  PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install --quiet requests==2.34.2 botocore==1.43.11
fi
