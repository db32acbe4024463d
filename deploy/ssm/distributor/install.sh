#!/bin/sh
# What Distributor runs to install or upgrade: the release beside it, by its own install.sh, which goes back to the
# version before when the new one does not become ready. Arguments arrive as SSM_*: SSM_IMDS_PROBE_FLEET sets the fleet.
set -eu
cd "$(dirname "$0")"
for name in $(env | sed -n 's/^SSM_\(IMDS_PROBE_[A-Z0-9_]*\)=.*/\1/p'); do
  eval "export $name=\"\$SSM_$name\""
done
INSTALL_VERSION=$(cat version) INSTALL_FROM=$PWD INSTALL_PUBLIC_KEY=$(cat public-key)
export INSTALL_VERSION INSTALL_FROM INSTALL_PUBLIC_KEY
sh "./$INSTALL_VERSION/install.sh"
