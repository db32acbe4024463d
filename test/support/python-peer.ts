// Finds a Python with AWS's clients, as .ci/peers/python-aws.sh installs it, or as this machine has it anyway.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

const PEER = '/opt/imds-probe-peers/python-aws/bin/python';

/** The interpreter, or null where there is none with botocore: loud, and under CI an error. */
export function pythonWithBotocore(): string | null {
  if (existsSync(PEER)) return PEER;
  try {
    execFileSync('python3', ['-c', 'import botocore.session'], { stdio: 'ignore' });
    return 'python3';
  } catch {
    if (process.env['CI'] === 'true') throw new Error('botocore is missing: see .ci/peers/python-aws.sh');
    // biome-ignore lint/suspicious/noConsole: a test that is left out says so loudly
    console.warn('SKIPPED: there is no Python with botocore, so nothing here is held to it');
    return null;
  }
}

/** Runs a script with `input` as JSON on its standard input; gives back the JSON it prints. */
export async function runPython(
  python: string,
  script: string,
  input: unknown,
  environment: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const child = spawn(python, ['-c', script], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(input));
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`python ended with ${code}`);
  return JSON.parse(Buffer.concat(chunks).toString());
}
