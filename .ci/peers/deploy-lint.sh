#!/bin/sh
# Installs cfn-lint, kubernetes-validate (with the API's own schemas) and Terraform, which test/e2e/deploy-lint.test.ts
# holds deploy/ to. Terraform is built from its module where the machine has none, for its providers can't be had here:
# it formats, parses and evaluates. Run as root.
set -eu

place=/opt/imds-probe-peers/deploy-lint
python='cfn-lint==1.51.0 kubernetes-validate==1.37.0'
# The last release that `go install` takes, and the oldest the module asks for is 1.5.0.
terraform=v1.5.7

if [ "$(cat "$place/installed" 2>/dev/null)" != "$python" ]; then
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends python3-venv >/dev/null
  fi
  rm -rf "$place/python"
  python3 -m venv "$place/python"
  # shellcheck disable=SC2086 # one word a package
  "$place/python/bin/pip" install --quiet --disable-pip-version-check $python
  "$place/python/bin/cfn-lint" --version >/dev/null
  "$place/python/bin/kubernetes-validate" --version >/dev/null
  echo "$python" >"$place/installed"
fi

if ! command -v terraform >/dev/null && [ ! -x "$place/terraform" ]; then
  GOBIN="$place" go install "github.com/hashicorp/terraform@$terraform"
  "$place/terraform" version >/dev/null
fi
