// Looks at the metadata service from inside another process's network, where this user may enter it.
import type { ChainRole, NetworkFinding } from '../../../core/chain.ts';
import { shownText } from '../../../core/text.ts';
import { onPath, whyNotRun } from '../program.ts';
import { runBounded } from './run-process.ts';
import { jsonObject } from './secrets.ts';

/** Where it lies when PATH is not as usual (cron, sudo). */
const USUAL_FOLDERS = ['/usr/bin', '/usr/sbin', '/bin', '/sbin'];
const TIMEOUT_MS = 15_000;
const MAX_REPORT_BYTES = 1024 * 1024;

/** At most so many findings are taken over; those asked for are fewer. */
const MAX_FINDINGS = 8;

export interface EnteredNetwork {
  readonly role: ChainRole;
  readonly findings: readonly NetworkFinding[];
}

/** What starts a program in the network namespace of `pid` (nsenter(1)), where this user may; null without it. */
export function networkEntrance(pid: number): readonly string[] | null {
  const nsenter = onPath('nsenter', process.env['PATH'] ?? '', USUAL_FOLDERS);
  if (nsenter === null || whyNotRun(nsenter) !== null) return null;
  return [nsenter, `--target=${pid}`, '--net', '--'];
}

/**
 * Runs `command`, which looks at the metadata service from another network; takes the observation `instance-role` and
 * the findings from the report it prints. Null where it prints none, as when the network may not be entered.
 */
export async function askNetwork(
  command: readonly string[],
  signal: AbortSignal,
): Promise<EnteredNetwork | null> {
  const path = process.env['PATH'] ?? '';
  const output = await runBounded(
    command,
    { environment: { PATH: path }, user: null, timeoutMs: TIMEOUT_MS, maxBytes: MAX_REPORT_BYTES },
    signal,
  );
  const report = jsonObject(output.text ?? '');
  const observation = member(member(report, 'observations'), 'instance-role');
  return observation === undefined ? null : { role: roleOf(observation), findings: findingsOf(report) };
}

function findingsOf(report: unknown): readonly NetworkFinding[] {
  const findings = member(report, 'findings');
  if (!Array.isArray(findings)) return [];
  return findings.slice(0, MAX_FINDINGS).flatMap((finding: unknown) => {
    const [id, cause] = [text(member(finding, 'id')), text(member(finding, 'cause'))];
    return id === null || cause === null ? [] : [{ id, cause }];
  });
}

function roleOf(observation: unknown): ChainRole {
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

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

const text = (value: unknown): string | null => (typeof value === 'string' ? shownText(value, 600) : null);
