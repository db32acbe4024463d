// Puts one reading of the credential chain together: environment, both files, caches, tokens, container, processes.
import { assembleChain } from '../../../chain/assemble.ts';
import {
  describeProfile,
  mergeProfiles,
  type RawFiles,
  type RawProfile,
  shownKey,
  shownName,
} from '../../../chain/profiles.ts';
import type {
  ChainEnvironment,
  ChainRole,
  ChainSourceName,
  ChainWorld,
  ProcessAnswer,
  ProcessCredentials,
  ProfileFacts,
  SelectedProfile,
  SsoToken,
} from '../../../core/chain.ts';
import { type Result, succeeded } from '../../../core/outcome.ts';
import { shownText } from '../../../core/text.ts';
import { type CliCache, cacheFileOf, readCliCache, readSsoToken, ssoTokenFile } from './caches.ts';
import { askContainer, type ContainerTarget, containerTarget } from './container.ts';
import { javaCredentials } from './java.ts';
import { askNetwork, type EnteredNetwork, networkEntrance } from './namespace.ts';
import { lookThroughProcesses } from './processes.ts';
import type { Reach } from './reach.ts';
import { runCredentialProcess } from './run-process.ts';
import { isoTime, type SigningCredentials, signingFromEnvironment } from './secrets.ts';
import { readSharedFiles, withHome } from './shared-files.ts';
import { processSubject, type Subject, shellSubject } from './subject.ts';
import { readWebIdentityToken } from './web-identity.ts';

/** What is to be read, and how: plain data, that a process of its own can be handed. */
export interface ChainSettings {
  /** The calling shell's variables, or the box's. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The home of the calling user (`shellHome`), or null for none: then no file is read. */
  readonly home: string | null;
  /** `--profile`; null where it was not given (AWS_PROFILE is read from the environment). */
  readonly profile: string | null;
  /** `--pid`. */
  readonly pid: number | null;
  readonly allProcesses: boolean;
  readonly runCredentialProcess: boolean;
  /** Whether container endpoints may be asked; not under `--offline`. */
  readonly askContainers: boolean;
  /**
   * How to run this program so that it prints the JSON report on the metadata service, with the observation
   * `instance-role`; used inside another network namespace. Null where that is not wanted.
   */
  readonly networkCommand: readonly string[] | null;
  readonly procRoot?: string;
  /** What relative paths of the shell start from; left out, where this process stands. */
  readonly folder?: string;
  /** True where we stand in the network of `pid` already. */
  readonly entered?: boolean;
  /** Processes that are this program. */
  readonly ownPids?: readonly number[];
}

/** A reading with what signs for its sources. */
export interface WorldRead {
  readonly world: Result<ChainWorld>;
  readonly signing: ReadonlyMap<ChainSourceName, SigningCredentials>;
}

/** The same of the processes, by pid. */
export interface ProcessesRead {
  readonly processes: Result<ProcessCredentials>;
  readonly signing: ReadonlyMap<number, SigningCredentials>;
}

/** The most profiles that are described; some companies have a file with thousands. */
const MAX_PROFILES = 5000;
/** Names of variables that are told; nobody has more for a reason. */
const MAX_VARIABLES = 200;

/** What one reading needs. */
export type ReadOptions = ChainSettings & { readonly wallMs: () => number };

/** One reading of all processes but our own. */
export async function readProcesses(options: ReadOptions, signal: AbortSignal): Promise<ProcessesRead> {
  const signing = new Map<number, SigningCredentials>();
  const own = [process.pid, ...(options.ownPids ?? [])];
  const processes = await lookThroughProcesses(
    options.procRoot ?? '/proc',
    own,
    options.wallMs(),
    (pid, credentials) => void signing.set(pid, credentials),
    signal,
  );
  return { processes, signing };
}

/** One reading of the chain. Rejects with a `FarFile` where nobody is told of what is read. */
export async function readWorld(
  options: ReadOptions,
  hooks: Pick<Reach, 'onReading'>,
  signal: AbortSignal,
): Promise<WorldRead> {
  const { pid, environment, home, folder, procRoot = '/proc' } = options;
  const subject: Result<Subject> =
    pid === null
      ? succeeded(shellSubject(environment, home, { ...hooks, ...(folder === undefined ? {} : { folder }) }))
      : await processSubject(procRoot, pid, hooks.onReading);
  if (!subject.ok) return { world: subject, signing: new Map() };
  return await new WorldReading(options, subject.value, signal).read();
}

const hasText = (value: string | undefined): value is string => value !== undefined && value !== '';

/** One reading; a class only because nearly every step needs the same four things. */
class WorldReading {
  readonly #options: ReadOptions;
  readonly #subject: Subject;
  readonly #signal: AbortSignal;
  readonly #nowMs: number;
  /** Many profiles share one token. */
  readonly #ssoTokens = new Map<string, Promise<SsoToken>>();

  constructor(options: ReadOptions, subject: Subject, signal: AbortSignal) {
    this.#options = options;
    this.#subject = subject;
    this.#signal = signal;
    this.#nowMs = options.wallMs();
  }

  async read(): Promise<WorldRead> {
    const { environment, shown: subject, commandLine } = this.#subject;
    const shared = await readSharedFiles(this.#subject);
    const folder = withHome('~/.aws/cli/cache', subject.home);
    const cache: CliCache =
      folder === null
        ? { entries: [], signing: new Map() }
        : await readCliCache(this.#subject.reach, folder, this.#nowMs);
    const profile = this.#selected();
    const raws = mergeProfiles(shared.raw).slice(0, MAX_PROFILES);
    const target = containerTarget(environment);
    const ownEnvironment = await this.#environment(target, shared.raw, profile);
    const signing = new Map<ChainSourceName, SigningCredentials>();
    const profiles: ProfileFacts[] = [];
    for (const raw of raws)
      profiles.push(await this.#profile(raw, raw.name === profile.name, shared.raw, cache, signing));
    const own = signingFromEnvironment(environment);
    if (own !== null) signing.set('environment', own);
    const entered = await this.#enter();
    const world: ChainWorld = {
      subject: {
        ...subject,
        network: entered !== null || this.#options.entered ? 'entered' : subject.network,
      },
      profile: { ...profile, name: shownName(profile.name) },
      environment: ownEnvironment,
      java: javaCredentials(commandLine, environment),
      files: shared.files,
      profiles,
      cliCacheFolder: folder === null ? null : shownText(folder),
      cliCache: cache.entries,
      enteredRole: entered?.role ?? null,
      networkFindings: entered?.findings ?? [],
    };
    return { world: succeeded(await this.#withContainer(world, target, signing)), signing };
  }

  #selected(): SelectedProfile {
    if (this.#options.profile !== null) return { name: this.#options.profile, from: 'flag' };
    // botocore's order (configprovider.py): the older variable first.
    for (const from of ['AWS_DEFAULT_PROFILE', 'AWS_PROFILE'] as const) {
      const name = this.#subject.environment.get(from);
      if (hasText(name)) return { name, from };
    }
    return { name: 'default', from: 'default' };
  }

  async #environment(
    target: ContainerTarget | null,
    files: RawFiles,
    profile: SelectedProfile,
  ): Promise<ChainEnvironment> {
    const { environment, reach } = this.#subject;
    const value = (name: string): string | null => {
      const text = environment.get(name);
      return hasText(text) ? text : null;
    };
    const named = (name: string): string | null => {
      const text = value(name);
      return text === null ? null : shownName(text);
    };
    const expiration = isoTime(environment.get('AWS_CREDENTIAL_EXPIRATION'));
    const tokenFile = value('AWS_WEB_IDENTITY_TOKEN_FILE');
    const roleArn =
      value('AWS_ROLE_ARN') !== null || (files.config.get(profile.name)?.has('role_arn') ?? false);
    return {
      variables: [...environment.keys()]
        .filter((name) => /^AWS_[A-Z0-9_]{1,80}$/.test(name) && environment.get(name) !== '')
        .sort()
        .slice(0, MAX_VARIABLES),
      key: shownKey(environment.get('AWS_ACCESS_KEY_ID')),
      secretKey: value('AWS_SECRET_ACCESS_KEY') !== null,
      sessionToken: value('AWS_SECURITY_TOKEN') !== null || value('AWS_SESSION_TOKEN') !== null,
      expiration,
      expired: expiration === null ? null : Date.parse(expiration) <= this.#nowMs,
      metadataDisabled: shownOrNull(value('AWS_EC2_METADATA_DISABLED')),
      webIdentity:
        tokenFile === null ? null : await readWebIdentityToken(reach, tokenFile, roleArn, this.#nowMs),
      container: target?.shown ?? null,
      profileVariable: named('AWS_PROFILE'),
      defaultProfileVariable: named('AWS_DEFAULT_PROFILE'),
    };
  }

  /** Describes one profile; what signs for the selected one goes into `signing`. */
  async #profile(
    raw: RawProfile,
    selected: boolean,
    files: RawFiles,
    cache: CliCache,
    signing: Map<ChainSourceName, SigningCredentials>,
  ): Promise<ProfileFacts> {
    const { reach, shown } = this.#subject;
    const tokenFile = withHome(raw.values.get('web_identity_token_file') ?? '', shown.home);
    const ssoFolder = withHome('~/.aws/sso/cache', shown.home);
    const cacheFile = cacheFileOf(raw, files.ssoSessions);
    const cached = cache.entries.find((entry) => entry.file === cacheFile) ?? null;
    const processAnswer = selected ? await this.#runProcess(raw, signing) : null;
    if (selected) collectSigners(raw, cacheFile, cache, signing);
    return describeProfile(raw, files.ssoSessions, {
      webIdentity: hasText(tokenFile ?? undefined)
        ? await readWebIdentityToken(reach, tokenFile ?? '', raw.values.has('role_arn'), this.#nowMs)
        : null,
      processAnswer,
      ssoToken: ssoFolder === null ? null : await this.#ssoToken(ssoFolder, raw, files),
      cached,
    });
  }

  async #ssoToken(folder: string, raw: RawProfile, files: RawFiles): Promise<SsoToken | null> {
    const name = ssoTokenFile(raw, files.ssoSessions);
    if (name === null) return null;
    const token = this.#ssoTokens.get(name) ?? readSsoToken(this.#subject.reach, folder, name, this.#nowMs);
    this.#ssoTokens.set(name, token);
    return await token;
  }

  async #runProcess(
    raw: RawProfile,
    signing: Map<ChainSourceName, SigningCredentials>,
  ): Promise<ProcessAnswer | null> {
    const command = raw.values.get('credential_process');
    if (!this.#options.runCredentialProcess || !hasText(command)) return null;
    const { otherFiles, environment, reach } = this.#subject;
    if (otherFiles) {
      return {
        ok: false,
        detail: 'not run: its files are in another mount namespace',
        key: null,
        expiration: null,
      };
    }
    const run = await runCredentialProcess(command, environment, reach.user, this.#signal);
    if (run.signing !== null) signing.set('process', run.signing);
    return run.answer;
  }

  async #enter(): Promise<EnteredNetwork | null> {
    const { pid, network } = this.#subject.shown;
    const { entered = false, networkCommand } = this.#options;
    if (pid === null || networkCommand === null || (network === 'same' && !entered)) return null;
    const through = entered ? [] : networkEntrance(pid);
    return through === null ? null : await askNetwork([...through, ...networkCommand], this.#signal);
  }

  /** The container is asked only where the AWS CLI would come so far, and from its own network. */
  async #withContainer(
    world: ChainWorld,
    target: ContainerTarget | null,
    signing: Map<ChainSourceName, SigningCredentials>,
  ): Promise<ChainWorld> {
    if (target === null || target.url === null) return world;
    const notAsked = (state: 'left-out' | 'not-asked', detail: string): ChainWorld => ({
      ...world,
      environment: { ...world.environment, container: { ...target.shown, state, detail } },
    });
    if (!this.#options.askContainers) return notAsked('left-out', 'left out by --offline');
    if (world.subject.network !== 'same' && !this.#options.entered) {
      return notAsked('not-asked', 'not asked: the process has a network of its own');
    }
    if (assembleChain(world, NOBODY, this.#nowMs).winner !== 'container') return world;
    const answer = await askContainer(target, this.#subject.environment, this.#subject.reach, this.#signal);
    if (answer.signing !== null) signing.set('container', answer.signing);
    return { ...world, environment: { ...world.environment, container: answer.shown } };
  }
}

const NOBODY: ChainRole = {
  state: 'unknown',
  roleName: null,
  accessKeyId: null,
  expiration: null,
  lastUpdated: null,
  detail: '',
};

const shownOrNull = (text: string | null): string | null => (text === null ? null : shownText(text, 40));

/** What signs for the selected profile: keys of one file as the CLI takes them, or what it keeps in its cache. */
function collectSigners(
  raw: RawProfile,
  cacheFile: string | null,
  cache: CliCache,
  signing: Map<ChainSourceName, SigningCredentials>,
): void {
  for (const file of [raw.credentials, raw.config]) {
    const accessKeyId = file?.get('aws_access_key_id');
    const secretAccessKey = file?.get('aws_secret_access_key');
    if (!hasText(accessKeyId) || !hasText(secretAccessKey) || signing.has('profile')) continue;
    const sessionToken = file?.get('aws_security_token') ?? file?.get('aws_session_token');
    signing.set('profile', { accessKeyId, secretAccessKey, sessionToken });
  }
  // Expired ones would only be fetched anew.
  const entry = cache.entries.find(({ file, expired }) => file === cacheFile && !expired);
  const held = entry === undefined ? undefined : cache.signing.get(entry.file);
  if (held === undefined) return;
  signing.set(raw.values.has('role_arn') ? 'assume-role-profile' : 'sso', held);
}
