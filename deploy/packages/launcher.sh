#!/bin/sh
# Starts imds-probe on the Node that came with it: the one place for the settings of its V8 and its allocator.
root=@ROOT@

# What this shell tells other Node programs (tracers to load, heaps to allow) is not for us. Whether it sends their
# metadata requests to a proxy is: the probe judges that.
case " ${NODE_OPTIONS-} " in
*' --use-env-proxy '*) export NODE_USE_ENV_PROXY=1 ;;
esac
unset NODE_OPTIONS NODE_PATH NODE_V8_COVERAGE

if [ "${1-}" = agent ]; then
  # Runs for months and does little: small heap steps, what is free goes back, no machine code, and bytecode only of what
  # runs often (npm run bench: 65 MiB in place of 80). Its start does not matter, so it neither reads nor writes compiled
  # code.
  export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-1}" MALLOC_TRIM_THRESHOLD_=131072 MALLOC_MMAP_THRESHOLD_=65536
  export NODE_DISABLE_COMPILE_CACHE=1
  exec "$root/node" --optimize-for-size --no-opt --no-maglev --no-sparkplug --bytecode-old-age=2 --v8-pool-size=1 \
    --max-semi-space-size=1 --max-old-space-size=64 "$root/imds-probe.mjs" "$@"
fi
exec "$root/node" "$root/imds-probe.mjs" "$@"
