#!/bin/sh
# Runs a systemd-journald of its own in a mount namespace of its own, then a program under it, then prints the journal.
# usage: journald.sh <message id> <program> [argument...]
set -eu
id=$1
shift
mount -t tmpfs tmpfs /run
mkdir -p /run/log/journal /run/systemd/journal
mount -t tmpfs tmpfs /var/log
daemon=/usr/lib/systemd/systemd-journald
[ -x "$daemon" ] || daemon=/lib/systemd/systemd-journald
"$daemon" 2>/dev/null &
journald=$!
until [ -S /run/systemd/journal/socket ]; do sleep 0.05; done
"$@" >/dev/null 2>&1 || true
journalctl --flush >/dev/null 2>&1 || true
journalctl --sync >/dev/null 2>&1 || true
journalctl --no-pager --quiet -o json MESSAGE_ID="$id"
kill "$journald"
