// What the probes really see in the embedded instance, recorded by the real clients: material for runs in virtual time.
import { randomBytes } from 'node:crypto';
import { observe } from '../../src/agent/observe.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { createHost } from '../../src/clients/host/host.ts';
import { createImdsClient } from '../../src/clients/imds/client.ts';
import { createTimeClient } from '../../src/clients/sntp/client.ts';
import type { Config } from '../../src/config/config.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import type { Ports } from '../../src/core/ports.ts';
import type { ProbeId, Snapshot } from '../../src/core/snapshot.ts';
import { PROBES } from '../../src/probes/index.ts';
import { type ScenarioId, startBox } from '../../src/simulator/box.ts';
import { SCENARIO_TABLE } from '../../src/simulator/scenarios/index.ts';
import type { Scenario } from '../../src/simulator/scenarios/scenario.ts';

/** The agent's settings where nobody set any: what the alarms have to fit. */
export function defaultConfig(environment: Readonly<Record<string, string>> = {}): Config {
  const resolved = resolveConfig(
    { flags: {}, env: environment, box: null, file: null, aws: null },
    { command: 'agent', catalogue: CHECKS },
  );
  if (!resolved.ok) throw new Error(resolved.errors.map(({ setting }) => setting).join(', '));
  return resolved.config;
}

/** What faults of this kind show in: the credential chain and the way to AWS are left out, as under --skip. */
const RECORDED: readonly ProbeId[] = [
  'imds-settings',
  'imds-token',
  'imds-tokenless',
  'instance-role',
  'instance-profile',
  'instance-identity',
  'imds-traffic',
  'time-servers',
  'clock-offset',
  'http-date',
  'local-clock',
  'host',
];

/** What a scenario looks like to an agent that starts in it, and to one that runs already when it comes. */
export interface Recorded {
  readonly cold: Snapshot;
  readonly warm: Snapshot;
}

/** Records one scenario. The box is really asked: as slow as its faults are. */
export async function recordScenario(scenario: ScenarioId): Promise<Recorded> {
  const [cold, warm] = await Promise.all([record(scenario, 'cold'), record(scenario, 'warm')]);
  return { cold, warm };
}

async function record(scenario: ScenarioId, start: 'cold' | 'warm'): Promise<Snapshot> {
  const box = await startBox(start === 'cold' ? scenario : 'healthy');
  const config = defaultConfig({
    ...box.environment,
    IMDS_PROBE_ENDPOINT: box.endpoints.imds,
    IMDS_PROBE_TIME_SERVER: box.endpoints.timeServer,
  });
  const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
  const { endpoint, timeoutMs, attempts, imdsv1, imdsSettings, timeServers, deadlineMs } = config;
  const imds = createImdsClient({
    endpoint,
    timeoutMs,
    attempts,
    imdsv1,
    clock,
    random: () => 0,
    onEvent: () => {},
  });
  const time = createTimeClient({ servers: timeServers, timeoutMs, clock, randomBytes, dns: false });
  const host = createHost({
    env: {},
    simulated: true,
    imdsSettings: { ...imdsSettings, overriddenBy: null },
  });
  const unasked = { beginCycle: () => {} };
  const ports = {
    imds,
    time,
    host,
    clock,
    chain: unasked,
    proxied: unasked,
    aws: unasked,
  } as unknown as Ports;
  const selection = { probes: PROBES.filter(({ id }) => RECORDED.includes(id)), standIns: [] };
  try {
    let snapshot = await observe(selection, ports, deadlineMs);
    if (start === 'cold') return snapshot;
    const { change } = SCENARIO_TABLE[scenario] as Scenario;
    await box.change(change);
    snapshot = await observe(selection, ports, deadlineMs);
    return snapshot;
  } finally {
    await Promise.all([imds.close(), time.close()]);
    await box.close();
  }
}
