// Runs a profile's credential_process, only ever when it was asked for: bounded in time and output, nothing kept.
import { shownKey } from '../../../chain/profiles.ts';
import type { ProcessAnswer } from '../../../core/chain.ts';
import type { FileUser } from './reach.ts';
import { isoTime, jsonObject, type SigningCredentials, signingFromJson } from './secrets.ts';

/** The SDK for Go's default (processcreds DefaultTimeout) is a minute; a diagnosis can't wait that long. */
const TIMEOUT_MS = 8000;
const MAX_OUTPUT_BYTES = 64 * 1024;

export interface ProcessRun {
  readonly answer: ProcessAnswer;
  readonly signing: SigningCredentials | null;
}

interface Output {
  readonly code: number | null;
  readonly text: string | null;
  readonly failure: string | null;
}

/** Runs a program; past its time or output it is killed with all it started. `text` is what it printed. */
export async function runBounded(
  command: readonly string[],
  options: {
    readonly environment: Readonly<Record<string, string>>;
    readonly user: FileUser | null;
    readonly timeoutMs: number;
    readonly maxBytes: number;
  },
  signal: AbortSignal,
): Promise<Output> {
  const [file, ...parameters] = command;
  if (file === undefined) return { code: null, text: null, failure: 'there is no command' };
  // Hardly any run starts a program, so none pays for loading this.
  const { spawn } = await import('node:child_process');
  return await new Promise((resolve) => {
    const child = spawn(file, parameters, {
      cwd: '/',
      env: { ...options.environment },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
      ...(options.user === null ? {} : { uid: options.user.uid, gid: options.user.gid }),
    });
    const chunks: Buffer[] = [];
    let length = 0;
    let failure: string | null = null;
    const stop = (why: string): void => {
      failure ??= why;
      killGroup(child.pid);
      child.stdout.destroy();
      // It may be where no signal reaches it: nothing waits for it any more.
      child.unref();
      done(null);
    };
    const timer = setTimeout(
      () => stop(`did not end within ${options.timeoutMs / 1000} s`),
      options.timeoutMs,
    );
    const onAbort = (): void => stop('the time for this cycle was over');
    signal.addEventListener('abort', onAbort, { once: true });
    const done = (code: number | null): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      resolve({ code, text: failure === null ? Buffer.concat(chunks).toString('utf8') : null, failure });
    };
    child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > options.maxBytes) stop('printed more than is read');
      else chunks.push(chunk);
    });
    child.on('error', (error) => {
      failure ??= 'code' in error && error.code === 'ENOENT' ? 'was not found' : 'could not be started';
      done(null);
    });
    child.on('close', done);
    if (signal.aborted) onAbort();
  });
}

/** Ends whatever is left of the group the child leads. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** The credentials a profile's program gives (SDKs and Tools Reference, "Process credential provider"). */
export async function runCredentialProcess(
  commandLine: string,
  environment: ReadonlyMap<string, string>,
  user: FileUser | null,
  signal: AbortSignal,
): Promise<ProcessRun> {
  const failed = (detail: string): ProcessRun => ({
    answer: { ok: false, detail, key: null, expiration: null },
    signing: null,
  });
  const output = await runBounded(
    ['/bin/sh', '-c', commandLine],
    { environment: Object.fromEntries(environment), user, timeoutMs: TIMEOUT_MS, maxBytes: MAX_OUTPUT_BYTES },
    signal,
  );
  if (output.failure !== null) return failed(`it ${output.failure}`);
  if (output.code !== 0) return failed(`it ended with exit code ${output.code ?? 'none'}`);
  const json = jsonObject(output.text ?? '');
  if (json === null) return failed('it printed no JSON object');
  if (json['Version'] !== 1) return failed('its JSON has no "Version": 1');
  const signing = signingFromJson(json, 'SessionToken');
  if (signing === null) return failed('its JSON has no AccessKeyId and SecretAccessKey');
  const expiration = isoTime(json['Expiration']);
  return {
    answer: { ok: true, detail: 'it gives credentials', key: shownKey(signing.accessKeyId), expiration },
    signing,
  };
}
