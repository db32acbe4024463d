// Finds the addresses of a name in a way that can be given up. The system's own getaddrinfo(3) cannot: where the name
// server is silent it holds its thread for 10 s and more, and with it the end of the process, whatever is aborted.
import { isIP, type LookupFunction } from 'node:net';
import { readFileBounded } from './host/read.ts';

// An import would load them for every run; most names are asked for by the few that talk to AWS.
const dns = () => process.getBuiltinModule('node:dns');

export interface ResolveOptions {
  /** hosts(5) of this machine, or of a test. */
  readonly hostsFile?: string;
  /** False under `--offline`: only hosts(5) is looked into. Default true. */
  readonly dns?: boolean;
}

/** `code` of a `NameError`: DNS would have to tell, and is not to be asked. */
export const NOT_ASKED = 'ENOTASKED';

/** No sane hosts file is larger. */
const MAX_HOSTS_BYTES = 1024 * 1024;
/** For one question; there are two. The VPC's resolver answers within a millisecond or two. */
const QUESTION_MS = 1_000;
const TRIES = 2;

/** The name has no address, or nobody told in time. `code` is the resolver's: ENOTFOUND, ETIMEOUT, ECANCELLED …, or `NOT_ASKED`. */
export class NameError extends Error {
  override readonly name = 'NameError';
  readonly code: string;

  constructor(code: string) {
    super(`no address (${code})`);
    this.code = code;
  }
}

/**
 * IP addresses of `name`, IPv4 first: an address itself, what hosts(5) says, else what DNS says. Where DNS has no
 * such name the system's resolver has the last word, as it knows search domains and other sources, and is quick then.
 * Rejects with a `NameError`, at once when the signal aborts.
 */
export async function addressesOf(
  name: string,
  signal: AbortSignal,
  { hostsFile = '/etc/hosts', dns: mayAsk = true }: ResolveOptions = {},
): Promise<readonly string[]> {
  if (isIP(name) !== 0) return [name];
  const bare = name.toLowerCase().replace(/\.$/, '');
  const known = fromHosts(bare, hostsFile);
  if (known.length > 0) return known;
  // RFC 6761, section 6.3: never asked of DNS.
  if (bare === 'localhost' || bare.endsWith('.localhost')) return ['127.0.0.1', '::1'];
  if (!mayAsk) throw new NameError(NOT_ASKED);
  return await fromDns(name, signal);
}

/** For one connection. */
const LOOKUP_MS = 2_500;

/**
 * The same for `net.connect`, with errors as getaddrinfo(3) names them: no such name, or nobody to tell; or `NOT_ASKED`.
 */
export const lookupWith =
  ({ withinMs = LOOKUP_MS, ...resolve }: ResolveOptions & { readonly withinMs?: number }): LookupFunction =>
  (name, options, tell) => {
    const family = options.family === 4 || options.family === 'IPv4' ? 4 : options.family === 6 ? 6 : 0;
    addressesOf(name, AbortSignal.timeout(withinMs), resolve).then(
      (addresses) => {
        const found = addresses
          .map((address) => ({ address, family: isIP(address) }))
          .filter((one) => family === 0 || one.family === family);
        const [first] = found;
        if (first === undefined) tell(withCode('ENOTFOUND'), '');
        else if (options.all === true) tell(null, found);
        else tell(null, first.address, first.family);
      },
      (error: unknown) => tell(withCode(spokenCode(error)), ''),
    );
  };

/** `lookupWith` as most connections need it. */
export const lookupAddress: LookupFunction = lookupWith({});

function spokenCode(error: unknown): string {
  if (!(error instanceof NameError) || NO_SUCH_NAME.includes(error.code)) return 'ENOTFOUND';
  return error.code === NOT_ASKED ? NOT_ASKED : 'EAI_AGAIN';
}

const withCode = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });

function fromHosts(name: string, file: string): readonly string[] {
  const read = readFileBounded(file, MAX_HOSTS_BYTES);
  if (read.state !== 'read') return [];
  const addresses = read.text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
    .filter(([, ...names]) => names.some((other) => other.toLowerCase() === name))
    .map(([address]) => address ?? '')
    .filter((address) => isIP(address) !== 0);
  return [...addresses.filter((address) => isIP(address) === 4), ...addresses.filter((a) => isIP(a) === 6)];
}

async function fromDns(name: string, signal: AbortSignal): Promise<readonly string[]> {
  if (signal.aborted) throw new NameError('ECANCELLED');
  const resolver = new (dns().promises.Resolver)({ timeout: QUESTION_MS, tries: TRIES });
  const cancel = (): void => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const [four, six] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const found = [four, six].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (found.length > 0) return found;
    const codes = [four, six].map((answer) => (answer.status === 'rejected' ? codeOf(answer.reason) : ''));
    if (!codes.every((code) => NO_SUCH_NAME.includes(code)))
      throw new NameError(codes.find((code) => !NO_SUCH_NAME.includes(code)) ?? 'ENOTFOUND');
    return await Promise.race([fromSystem(name, codes[0] ?? 'ENOTFOUND'), givenUp(signal)]);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

const givenUp = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new NameError('ECANCELLED')), { once: true });
  });

/** The name server answered, and knows no address. */
const NO_SUCH_NAME: readonly string[] = ['ENOTFOUND', 'ENODATA', ''];

async function fromSystem(name: string, code: string): Promise<readonly string[]> {
  try {
    return (await dns().promises.lookup(name, { all: true })).map(({ address }) => address);
  } catch {
    throw new NameError(code);
  }
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' && /^E[A-Z_]{2,30}$/.test(code) ? code : 'ENOTFOUND';
}
