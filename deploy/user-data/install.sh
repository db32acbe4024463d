#!/bin/sh
# Installs, upgrades or removes imds-probe: Amazon Linux 2023, Ubuntu 22.04 and 24.04, Debian 12 and 13, RHEL 9.
# Run it as root, as often as you like; as user data it is small enough to be the whole of it.
#
#   INSTALL_VERSION=0.1.0 INSTALL_FROM=s3://bucket/imds-probe INSTALL_PUBLIC_KEY=MCowBQYD... sh install.sh
#   sh install.sh uninstall
#
# INSTALL_VERSION      which release; its files are in the folder of that name below INSTALL_FROM
# INSTALL_FROM         s3://bucket/prefix, https://host/prefix, or a folder
# INSTALL_PUBLIC_KEY   the Ed25519 key that signed SHA256SUMS: the line between the dashes of its PEM
# INSTALL_PACKAGE_URL, INSTALL_SUMS_URL, INSTALL_SIGNATURE_URL   presigned URLs, in place of INSTALL_FROM
# IMDS_PROBE_*         settings, as the program reads them; they are written to /etc/imds-probe/config.yaml
#
# Nothing that was fetched is run, nor unpacked, before signature and hash are right. A version that does not become
# ready is replaced by the one before. Ends with 0 installed, 1 failed, 3 rolled back, 64 told wrongly.
set -eu
export LC_ALL=C
umask 022

unit='imds-probe.service'
config=/etc/imds-probe/config.yaml
kept=/var/cache/imds-probe-install # packages to go back to: root's alone, the agent must not write here
ready_seconds=150

say() { printf 'imds-probe install: %s\n' "$*"; }
fail() {
  printf 'imds-probe install: %s\n' "$1" >&2
  exit "${2:-1}"
}

# --- this machine

find_system() {
  [ "$(id -u)" = 0 ] || fail 'only root can install it'
  [ -d /run/systemd/system ] || fail 'systemd does not run here'
  # shellcheck source=/dev/null
  system=$(. /etc/os-release && printf '%s %s %s' "${ID-}" "${VERSION_ID-}" "${ID_LIKE-}")
  case $system in
  'ubuntu 22.04'* | 'ubuntu 24.04'* | 'debian 12'* | 'debian 13'*) format=deb ;;
  'amzn 2023'* | 'rhel 9'* | [a-z]*' 9'*rhel*) format=rpm ;;
  *)
    if command -v dpkg >/dev/null; then format=deb; else format=rpm; fi
    say "this is none of the systems it was made for ($system); going on as for a $format"
    ;;
  esac
  machine=$(uname -m)
  case $format-$machine in
  deb-x86_64) suffix=_amd64.deb ;;
  deb-aarch64) suffix=_arm64.deb ;;
  rpm-x86_64 | rpm-aarch64) suffix=-1.$machine.rpm ;;
  *) fail "there is no package for $machine" ;;
  esac
}

# The name of the package of a version.
package_of() {
  case $format in
  deb) printf 'imds-probe_%s%s' "$1" "$suffix" ;;
  rpm) printf 'imds-probe-%s%s' "$1" "$suffix" ;;
  esac
}

installed_version() {
  case $format in
  deb) dpkg-query -W -f '${db:Status-Status} ${Version}\n' imds-probe 2>/dev/null | sed -n 's/^installed //p' ;;
  rpm) rpm -q --qf '%{VERSION}\n' imds-probe 2>/dev/null | sed '/not installed/d' ;;
  esac
}

# --- fetching and verifying

# s3://bucket/key without the AWS CLI: HTTPS, for a bucket that lets in whoever comes through the VPC endpoint.
s3_url() {
  bucket=${1#s3://}
  key=${bucket#*/}
  bucket=${bucket%%/*}
  region=${AWS_REGION-${AWS_DEFAULT_REGION-}}
  if [ -z "$region" ]; then
    imds=http://169.254.169.254/latest
    token=$(curl -fsS --noproxy '*' -m 5 --retry 5 --retry-connrefused -X PUT \
      -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$imds/api/token") || return 1
    region=$(printf 'header = "X-aws-ec2-metadata-token: %s"\n' "$token" |
      curl -fsS --noproxy '*' -m 5 --retry 5 -K - "$imds/meta-data/placement/region") || return 1
  fi
  printf 'https://%s.s3.%s.%s/%s' "$bucket" "$region" "$(aws_domain "$region")" "$key"
}

aws_domain() {
  case $1 in
  cn-*) printf 'amazonaws.com.cn' ;;
  *) printf 'amazonaws.com' ;;
  esac
}

# fetch SOURCE FILE
fetch() {
  case $1 in
  s3://*)
    if command -v aws >/dev/null; then
      AWS_METADATA_SERVICE_TIMEOUT=5 AWS_METADATA_SERVICE_NUM_ATTEMPTS=10 \
        aws s3 cp --only-show-errors "$1" "$2"
      return
    fi
    url=$(s3_url "$1") || return 1
    fetch "$url" "$2"
    ;;
  https://* | http://*)
    # The signature vouches for what comes, so plain HTTP within a VPC is as good.
    if command -v curl >/dev/null; then
      curl -fsSL --retry 8 --retry-delay 2 --retry-connrefused --connect-timeout 10 -m 600 -o "$2" "$1"
    else
      wget -q --tries=8 --waitretry=5 --retry-connrefused --timeout=60 -O "$2" "$1"
    fi
    ;;
  /*) cp -- "$1" "$2" ;;
  *) fail 'INSTALL_FROM is s3://bucket/prefix, https://host/prefix or a folder' 64 ;;
  esac
}

# get VERSION: its package, fetched and verified; the path is in $package.
get() {
  name=$(package_of "$1")
  package=$kept/$name
  from=${INSTALL_FROM-}
  from=${from%/}/$1
  fetch "${INSTALL_SUMS_URL-$from/SHA256SUMS}" "$work/SHA256SUMS" || return 1
  fetch "${INSTALL_SIGNATURE_URL-$from/SHA256SUMS.sig}" "$work/SHA256SUMS.sig" || return 1
  printf -- '-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n' "$INSTALL_PUBLIC_KEY" >"$work/key.pem"
  openssl pkeyutl -verify -pubin -inkey "$work/key.pem" -rawin -in "$work/SHA256SUMS" \
    -sigfile "$work/SHA256SUMS.sig" >"$work/openssl" 2>&1 || {
    cat "$work/openssl" >&2
    say 'the signature of SHA256SUMS is not by INSTALL_PUBLIC_KEY' >&2
    return 1
  }
  awk -v name="$name" '$2 == name' "$work/SHA256SUMS" >"$work/sum"
  [ -s "$work/sum" ] || {
    say "SHA256SUMS does not name $name" >&2
    return 1
  }
  if [ ! -f "$package" ] || ! (cd "$kept" && sha256sum --status -c "$work/sum"); then
    fetch "${INSTALL_PACKAGE_URL-$from/$name}" "$work/$name" || return 1
    (cd "$work" && sha256sum --status -c sum) || {
      say "$name is not the file that was signed" >&2
      return 1
    }
    mv -f "$work/$name" "$package"
  fi
  say "$name: signature and hash are right"
}

# --- installing

# Puts a package in place, older ones too; waits for whoever else is installing.
put_in_place() {
  case $format in
  rpm) rpm -U --quiet --oldpackage --replacepkgs "$1" ;;
  deb)
    tries=0
    until DEBIAN_FRONTEND=noninteractive dpkg --force-confold --force-confdef -i "$1" >"$work/dpkg" 2>&1; do
      tries=$((tries + 1))
      if ! grep -q 'lock' "$work/dpkg" || [ "$tries" -ge 60 ]; then
        cat "$work/dpkg" >&2
        return 1
      fi
      sleep 5
    done
    ;;
  esac
}

# What IMDS_PROBE_* of the environment says, as YAML. Every value is quoted; the program knows its type.
settings() {
  for name in $(env | sed -n 's/^IMDS_PROBE_\([A-Z0-9_]*\)=.*/\1/p' | sort); do
    eval "value=\${IMDS_PROBE_$name-}"
    if [ "$name" = CONFIG ] || [ -z "$value" ]; then continue; fi
    case $value in
    *[[:cntrl:]]*) fail "IMDS_PROBE_$name has a control character in it" 64 ;;
    esac
    printf '%s: "%s"\n' "$(printf %s "$name" | tr 'A-Z_' 'a-z-')" \
      "$(printf %s "$value" | sed 's/[\\"]/\\&/g')"
  done
}

# Writes the configuration where the environment has settings; $configured tells whether it changed.
configure() {
  configured=no
  settings >"$work/settings"
  [ -s "$work/settings" ] || return 0
  {
    printf '# Written by install.sh from its environment; the next run writes it anew.\n'
    cat "$work/settings"
  } >"$work/config.yaml"
  cmp -s "$work/config.yaml" "$config" && return 0
  [ ! -f "$config" ] || cp -p "$config" "$work/config.before"
  mkdir -p "${config%/*}"
  cp "$work/config.yaml" "$config.new"
  mv -f "$config.new" "$config"
  configured=yes
}

restore_config() {
  [ "$configured" = yes ] || return 0
  if [ -f "$work/config.before" ]; then cp -p "$work/config.before" "$config"; else rm -f "$config"; fi
}

# The unit tells systemd when it is ready; whoever restarts it waits for that, and not for ever.
become_ready() {
  systemctl reset-failed "$unit" 2>/dev/null || true
  timeout "$ready_seconds" systemctl restart "$unit" && systemctl is-active --quiet "$unit"
}

what_happened() { journalctl -u "$unit" -n 20 --no-pager -o cat 2>/dev/null >&2 || true; }

install_it() {
  : "${INSTALL_VERSION:?which version?}" "${INSTALL_PUBLIC_KEY:?the key that signed it?}"
  [ -n "${INSTALL_FROM-}${INSTALL_SUMS_URL-}" ] || fail 'INSTALL_FROM does not say from where' 64
  case $INSTALL_VERSION in *[!0-9.]*) fail "\"$INSTALL_VERSION\" is no version" 64 ;; esac
  find_system
  for tool in openssl sha256sum timeout; do
    command -v "$tool" >/dev/null || fail "$tool is missing"
  done
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$kept"
  chmod 700 "$kept"

  before=$(installed_version)
  previous=
  changed=no
  if [ "$before" != "$INSTALL_VERSION" ]; then
    if [ -n "$before" ] && [ -f "$kept/$(package_of "$before")" ]; then previous=$kept/$(package_of "$before"); fi
    if [ -n "$before" ] && [ -z "$previous" ] && [ -z "${INSTALL_PACKAGE_URL-}" ]; then
      if get "$before"; then previous=$package; else say "there is no package of $before to go back to"; fi
    fi
    get "$INSTALL_VERSION" || fail "$INSTALL_VERSION could not be had; nothing was changed"
    put_in_place "$package" || {
      [ -z "$previous" ] || put_in_place "$previous" || true
      fail "$package could not be installed"
    }
    changed=yes
    say "installed $INSTALL_VERSION${before:+ in place of $before}"
  fi
  configure
  status=0
  imds-probe check --show-config >/dev/null || status=$?
  if [ "$status" = 64 ]; then
    restore_config
    [ -z "$previous" ] || put_in_place "$previous"
    fail 'a setting is wrong; see above' 64
  fi

  systemctl enable --quiet "$unit"
  if [ "$changed$configured" = nono ] && systemctl is-active --quiet "$unit"; then
    say "$INSTALL_VERSION is here and runs; nothing to do"
  elif become_ready; then
    say "$INSTALL_VERSION is ready"
  else
    what_happened
    case $changed-$configured-$previous in
    yes-*- | no-no-*) fail "$INSTALL_VERSION did not become ready" ;;
    esac
    say "$INSTALL_VERSION did not become ready; going back to $before and its settings"
    systemctl stop "$unit" || true
    if [ "$changed" = yes ]; then
      put_in_place "$previous"
      rm -f "$kept/$(package_of "$INSTALL_VERSION")"
    fi
    restore_config
    become_ready || fail "$before did not become ready either"
    fail "$before runs again" 3
  fi
  # One package is enough to go back to, and no more than that.
  for file in "$kept"/*; do
    [ "$file" = "$kept/$(package_of "$INSTALL_VERSION")" ] || rm -f "$file"
  done
  say 'what it says of this instance:'
  for name in $(env | sed -n 's/^\(IMDS_PROBE_[A-Z0-9_]*\)=.*/\1/p'); do unset "$name"; done
  imds-probe check --wait 60 || say "check ended with $?"
}

uninstall_it() {
  find_system
  if [ -n "$(installed_version)" ]; then
    systemctl disable --now --quiet "$unit" 2>/dev/null || true
    case $format in
    deb) dpkg --purge imds-probe ;;
    rpm) rpm -e imds-probe ;;
    esac
  elif [ "$format" = deb ]; then
    dpkg --purge imds-probe 2>/dev/null || true
  fi
  rm -rf /etc/imds-probe /var/lib/imds-probe /run/imds-probe "$kept" "/etc/systemd/system/$unit.d"
  if getent passwd imds-probe >/dev/null; then userdel imds-probe; fi
  if getent group imds-probe >/dev/null; then groupdel imds-probe; fi
  systemctl daemon-reload
  systemctl reset-failed "$unit" 2>/dev/null || true
  say 'removed'
}

case ${1-install} in
install) install_it ;;
uninstall) uninstall_it ;;
*) fail "usage: install.sh [install|uninstall]" 64 ;;
esac
