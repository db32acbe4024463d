#!/bin/sh
# Starts imds-probe on the Node that came with it: the one place for the settings of its V8, allocator and caches.
# shellcheck disable=SC3067 # -O is not in POSIX; dash, bash and busybox all know it
root=@ROOT@

# What this shell tells other Node programs (tracers to load, heaps to allow) is not for us. Whether it sends their
# metadata requests to a proxy is: the probe judges that.
case " ${NODE_OPTIONS-} " in
*' --use-env-proxy '*) export NODE_USE_ENV_PROXY=1 ;;
esac
unset NODE_OPTIONS NODE_PATH NODE_V8_COVERAGE

if [ "${1-}" = agent ]; then
  # Runs for months and does little: small heap steps, one malloc arena, no optimising compilers. Its start does not
  # matter, so it neither reads nor writes compiled code.
  export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-1}" NODE_DISABLE_COMPILE_CACHE=1
  exec "$root/node" --optimize-for-size --no-opt --no-maglev --max-semi-space-size=1 --max-old-space-size=64 \
    "$root/imds-probe.mjs" "$@"
fi

# Compiled code is run as it is found, so it is kept only where nobody else may put any: not in /tmp.
if [ -O / ] && [ -w /var/cache ]; then
  export NODE_COMPILE_CACHE=/var/cache/imds-probe
elif [ -n "${HOME-}" ] && [ -O "$HOME" ] && [ -w "$HOME" ]; then
  export NODE_COMPILE_CACHE="$HOME/.cache/imds-probe"
else
  export NODE_DISABLE_COMPILE_CACHE=1
fi
exec "$root/node" "$root/imds-probe.mjs" "$@"
