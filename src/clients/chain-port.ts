// Fills the chain's port: the reader for what the machine holds, STS for who signs with it. Secrets go no further.
import { createHash } from 'node:crypto';
import type {
  AwsCli,
  CallerIdentities,
  ChainSourceName,
  IdentityAnswer,
  ProcessCredentials,
} from '../core/chain.ts';
import { type Result, succeeded } from '../core/outcome.ts';
import type { ChainPort } from '../core/ports.ts';
import { EXPIRED_CODES } from '../facts/credential-chain.ts';
import type { SigningCredentials } from './aws/credentials.ts';
import { type Sts, unasked } from './aws/sts.ts';
import { findAwsCli } from './host/chain/aws-cli.ts';
import type { ChainReader } from './host/chain/reader.ts';

export interface ChainPortOptions {
  readonly reader: ChainReader;
  /** Null where AWS is not to be asked (`--offline`). */
  readonly sts: Sts | null;
  /** The role's credentials as last read from IMDS, or null where there are none in force. */
  readonly roleCredentials: () => SigningCredentials | null;
  /** PATH to look for the AWS CLI on. */
  readonly path: string;
}

/** An agent need not start Python every minute to learn a version; once an hour shows an update soon enough. */
const LOOK_AGAIN_CYCLES = 60;
/** The same for whom STS accepts: a fleet must not ask it every minute. A refusal is asked about in every cycle. */
const ACCEPTED_FOR_CYCLES = 60;
/** STS that can't be reached is left alone for a while. */
const UNREACHED_FOR_CYCLES = 5;

export function createChainPort(options: ChainPortOptions): ChainPort {
  const { reader } = options;
  const sts = options.sts === null ? null : remembering(options.sts);
  let cli: { readonly answer: Promise<AwsCli>; cycles: number } | null = null;
  return {
    beginCycle() {
      reader.beginCycle();
      sts?.beginCycle();
      if (cli !== null && ++cli.cycles >= LOOK_AGAIN_CYCLES) cli = null;
    },
    world: (signal) => reader.world(signal),
    processes: (ready, signal) => processes(reader, sts, ready, signal),
    async awsCli(signal) {
      cli ??= { answer: findAwsCli(options.path, signal), cycles: 0 };
      const answer = await cli.answer;
      if (answer.path !== null && answer.version === null) cli = null;
      return succeeded(answer);
    },
    identities: async (winner, signal) => succeeded(await identities({ ...options, sts }, winner, signal)),
  };
}

type AskSts = Pick<Sts, 'callerIdentity' | 'endpoint'>;

/** STS that is asked again about the same credentials only now and then. */
function remembering(sts: Sts): AskSts & { beginCycle(): void } {
  /** By a digest: the same key id with another token is somebody else. */
  const known = new Map<string, { readonly answer: IdentityAnswer; cyclesLeft: number }>();
  return {
    beginCycle() {
      for (const [key, entry] of known) if (--entry.cyclesLeft <= 0) known.delete(key);
    },
    endpoint: () => sts.endpoint(),
    async callerIdentity(credentials, signal) {
      const key = digest(credentials);
      const before = known.get(key);
      if (before !== undefined) return before.answer;
      const answer = await sts.callerIdentity(credentials, signal);
      const cyclesLeft =
        answer.state === 'accepted'
          ? ACCEPTED_FOR_CYCLES
          : answer.state === 'failed'
            ? UNREACHED_FOR_CYCLES
            : 0;
      if (cyclesLeft > 0) known.set(key, { answer, cyclesLeft });
      return answer;
    },
  };
}

const digest = ({ accessKeyId, secretAccessKey, sessionToken }: SigningCredentials): string =>
  createHash('sha256').update([accessKeyId, secretAccessKey, sessionToken].join('\n')).digest('base64');

/** Different credentials of processes that STS is asked about in a cycle. */
const MAX_ASKED = 10;

/** What processes carry, with STS's word on temporary credentials that do not say themselves until when they are good. */
async function processes(
  reader: ChainReader,
  sts: AskSts | null,
  ready: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<Result<ProcessCredentials>> {
  const seen = await reader.processes(signal);
  if (!seen.ok || sts === null) return seen;
  const asked = new Map<string, { readonly credentials: SigningCredentials; readonly pids: number[] }>();
  for (const { pid, expired, sessionToken } of seen.value.processes) {
    const credentials = expired === null && sessionToken ? reader.processSigning(pid) : null;
    if (credentials === null) continue;
    const key = digest(credentials);
    const same = asked.get(key);
    if (same !== undefined) same.pids.push(pid);
    else if (asked.size < MAX_ASKED) asked.set(key, { credentials, pids: [pid] });
  }
  if (asked.size === 0) return seen;
  await ready();
  const told = new Map<number, boolean>();
  await Promise.all(
    [...asked.values()].map(async ({ credentials, pids }) => {
      const { state, code } = await sts.callerIdentity(credentials, signal);
      const expired = state === 'refused' && EXPIRED_CODES.includes(code ?? '');
      if (expired || state === 'accepted') for (const pid of pids) told.set(pid, expired);
    }),
  );
  const rows = seen.value.processes.map((row) => ({ ...row, expired: told.get(row.pid) ?? row.expired }));
  return succeeded({ ...seen.value, processes: rows });
}

async function identities(
  { reader, sts, roleCredentials }: Omit<ChainPortOptions, 'sts'> & { readonly sts: AskSts | null },
  winning: ChainSourceName | null | Promise<ChainSourceName | null>,
  signal: AbortSignal,
): Promise<CallerIdentities> {
  const ask = async (credentials: SigningCredentials | null, why: string): Promise<IdentityAnswer> => {
    if (sts === null) return unasked('AWS is not asked under --offline');
    return credentials === null ? unasked(why) : await sts.callerIdentity(credentials, signal);
  };
  const role = ask(roleCredentials(), 'IMDS gave no credentials that are in force');
  const source = await winning;
  const winner =
    source === 'instance-role'
      ? role
      : ask(source === null ? null : reader.signing(source), whyNotSigned(source));
  return { source, winner: await winner, role: await role, endpoint: sts?.endpoint() ?? '' };
}

/** What somebody else would do for credentials of these, and this program does not: it would be done in their name. */
const FETCHED_BY: Readonly<Partial<Record<ChainSourceName, string>>> = {
  process: 'its credential_process is only run with --run-credential-process',
  'assume-role-profile':
    'imds-probe does not call sts:AssumeRole, and the AWS CLI keeps nothing of this role in its cache',
  'web-identity': 'imds-probe does not call sts:AssumeRoleWithWebIdentity',
  sso: 'imds-probe does not call sso:GetRoleCredentials, and the AWS CLI keeps nothing of it in its cache',
  container: 'the container endpoint gave no credentials',
};

function whyNotSigned(source: ChainSourceName | null): string {
  return source === null ? 'no source gives credentials' : (FETCHED_BY[source] ?? 'it gives no credentials');
}
