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

export function createChainPort(options: ChainPortOptions): ChainPort {
  const { reader } = options;
  let cli: { readonly answer: Promise<AwsCli>; cycles: number } | null = null;
  return {
    beginCycle() {
      reader.beginCycle();
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
    identities: async (winner, signal) => succeeded(await identities(options, winner, signal)),
  };
}

async function identities(
  { reader, sts, roleCredentials }: ChainPortOptions,
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
