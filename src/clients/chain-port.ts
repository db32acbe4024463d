// Fills the chain's port: the reader for what the machine holds, STS for who signs with it. Secrets go no further.
import type { AwsCli, CallerIdentities, ChainSourceName, IdentityAnswer } from '../core/chain.ts';
import { succeeded } from '../core/outcome.ts';
import type { ChainPort } from '../core/ports.ts';
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
    processes: (signal) => reader.processes(signal),
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
  const known = new Map<string, { readonly answer: IdentityAnswer; cyclesLeft: number }>();
  return {
    beginCycle() {
      for (const [key, entry] of known) if (--entry.cyclesLeft <= 0) known.delete(key);
    },
    endpoint: () => sts.endpoint(),
    async callerIdentity(credentials, signal) {
      const before = known.get(credentials.accessKeyId);
      if (before !== undefined) return before.answer;
      const answer = await sts.callerIdentity(credentials, signal);
      const cyclesLeft =
        answer.state === 'accepted'
          ? ACCEPTED_FOR_CYCLES
          : answer.state === 'failed'
            ? UNREACHED_FOR_CYCLES
            : 0;
      if (cyclesLeft > 0) known.set(credentials.accessKeyId, { answer, cyclesLeft });
      return answer;
    },
  };
}

async function identities(
  { reader, sts, roleCredentials }: Omit<ChainPortOptions, 'sts'> & { readonly sts: AskSts | null },
  source: ChainSourceName | null,
  signal: AbortSignal,
): Promise<CallerIdentities> {
  const ask = async (credentials: SigningCredentials | null, why: string): Promise<IdentityAnswer> => {
    if (sts === null) return unasked('AWS is not asked under --offline');
    return credentials === null ? unasked(why) : await sts.callerIdentity(credentials, signal);
  };
  const role = ask(roleCredentials(), 'IMDS gave no credentials that are in force');
  const winner =
    source === 'instance-role'
      ? role
      : ask(source === null ? null : reader.signing(source), whyNotSigned(source));
  return { source, winner: await winner, role: await role, endpoint: sts?.endpoint() ?? '' };
}

function whyNotSigned(source: ChainSourceName | null): string {
  if (source === null) return 'no source gives credentials';
  if (source === 'process') return 'its credential_process is only run with --run-credential-process';
  return `the credentials of ${source} would first have to be fetched, and none are kept here`;
}
