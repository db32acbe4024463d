// The port to this machine. With `chain/` this is the only place that reads the environment, files and /proc.
import type { LocalClock } from '../../core/clock.ts';
import type { HostState } from '../../core/host.ts';
import type { ImdsSettings } from '../../core/imds.ts';
import type { LinkLocalDrops, MetadataSocket } from '../../core/link-local.ts';
import { type Result, succeeded } from '../../core/outcome.ts';
import type { HostPort } from '../../core/ports.ts';
import { shownText } from '../../core/text.ts';
import { readLocalClock } from './clock.ts';
import type { LinkLocalWatch } from './link-local.ts';
import { readHostState } from './machine.ts';
import { readProxySettings } from './proxy.ts';

export { readAwsShared } from './aws-files.ts';
export { readFileOnTime } from './on-time.ts';

export interface HostOptions {
  /** Of this shell, or of the box. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the process asked for: what is judged by proxy variables and the like. Programs are never looked for by them. */
  readonly processEnv?: Readonly<Record<string, string | undefined>> | undefined;
  /** What the settings say of the metadata service: `Config.imdsSettings`. */
  readonly imdsSettings: Omit<ImdsSettings, 'disabledVariable'>;
  /** True for the embedded instance: this machine's files say nothing about it. */
  readonly simulated?: boolean;
  /** In front of every path; tests give a folder of their own. */
  readonly root?: string;
}

/**
 * The kernel goes through its whole table of connections, 5 ms of work where there is much memory; an agent with all
 * well does not ask for that in every cycle.
 */
const SOCKETS_APART_MS = 300_000;

const UNSEEN_STATE: HostState = { uptimeSeconds: null, container: null, ec2: null, instanceId: null };
const UNSEEN_CLOCK: LocalClock = { daemon: null, synchronised: null };
const UNSEEN_DROPS: LinkLocalDrops = {
  total: null,
  growth: null,
  interfaces: [],
  detail: 'the box has no network driver',
};

export function createHost({
  env,
  processEnv,
  imdsSettings,
  simulated = false,
  root = '',
}: HostOptions): HostPort {
  const variables = processEnv ?? env;
  const disabled = variables['AWS_EC2_METADATA_DISABLED'];
  let watch: LinkLocalWatch | null = null;
  let sockets: {
    readonly seen: Promise<Result<readonly MetadataSocket[]>>;
    readonly untilMs: number;
  } | null = null;
  return {
    imdsSettings: () =>
      succeeded({
        ...imdsSettings,
        disabledVariable: disabled === undefined ? null : shownText(disabled, 40),
      }),
    proxySettings: async () => {
      const { endpoint } = imdsSettings;
      return succeeded(await readProxySettings({ variables, endpoint, root: simulated ? null : root }));
    },
    state: async () => succeeded(simulated ? UNSEEN_STATE : readHostState(root, env)),
    clock: async () => succeeded(simulated ? UNSEEN_CLOCK : readLocalClock(root)),
    linkLocal: async (signal, now) => {
      if (simulated) return succeeded(UNSEEN_DROPS, 0);
      if (watch === null) {
        const { createLinkLocalWatch } = await import('./link-local.ts');
        watch ??= createLinkLocalWatch({
          path: env['PATH'] ?? '',
          root,
          monotonicMs: () => performance.now(),
        });
      }
      return succeeded(await watch.look(signal, now));
    },
    metadataSockets: async (signal, now) => {
      if (simulated) return succeeded([], 0);
      const nowMs = performance.now();
      if (!now && sockets !== null && nowMs < sockets.untilMs) return await sockets.seen;
      const { readMetadataSockets } = await import('./sockets.ts');
      const { endpoint } = imdsSettings;
      const seen = readMetadataSockets({ root, endpoint, ownPid: process.pid }, signal);
      sockets = { seen, untilMs: nowMs + SOCKETS_APART_MS };
      return await seen;
    },
  };
}
