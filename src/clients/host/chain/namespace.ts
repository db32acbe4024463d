// Looks at the instance role from inside another process's network, where this user may enter it.
import type { ChainRole } from '../../../core/chain.ts';
import { shownText } from '../../../core/text.ts';
import { runBounded } from './run-process.ts';
import { jsonObject } from './secrets.ts';

const TIMEOUT_MS = 15_000;
const MAX_REPORT_BYTES = 1024 * 1024;

/**
 * Runs `roleCommand` in the network namespace of `pid` (nsenter(1)) and reads the observation `instance-role` of the
 * report it prints. Null where that can't be done: no nsenter, or not permitted.
 */
export async function enteredRole(
  pid: number,
  roleCommand: readonly string[],
  signal: AbortSignal,
): Promise<ChainRole | null> {
  const output = await runBounded(
    ['nsenter', `--target=${pid}`, '--net', '--', ...roleCommand],
    { environment: withPath(), user: null, timeoutMs: TIMEOUT_MS, maxBytes: MAX_REPORT_BYTES },
    signal,
  );
  const observation = member(member(jsonObject(output.text ?? ''), 'observations'), 'instance-role');
  if (observation === undefined) return null;
  const seen = { roleName: null, accessKeyId: null, expiration: null, lastUpdated: null };
  if (member(observation, 'ok') !== true) {
    const detail = text(member(member(observation, 'failure'), 'detail'));
    return { ...seen, state: 'unknown', detail: `seen from its network: ${detail ?? 'no answer'}` };
  }
  const value = member(observation, 'value');
  const roleName = text(member(value, 'roleName'));
  if (roleName === null)
    return { ...seen, state: 'absent', detail: 'seen from its network: no role is attached' };
  return {
    state: 'present',
    roleName,
    accessKeyId: text(member(value, 'accessKeyId')),
    expiration: text(member(value, 'expiration')),
    lastUpdated: text(member(value, 'lastUpdated')),
    detail: `role ${roleName}, seen from its network`,
  };
}

function withPath(): Readonly<Record<string, string>> {
  return { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

const text = (value: unknown): string | null => (typeof value === 'string' ? shownText(value) : null);
