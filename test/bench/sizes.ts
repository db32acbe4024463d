// How large is what a command loads: found by running it and looking which chunks it kept compiled code of.
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BenchBox, openBox } from './box.ts';
import { run } from './measure.ts';
import { commandOf } from './peers.ts';
import type { Bench, Limit, Result } from './section.ts';
import { figure } from './table.ts';

const KIB = 1024;

interface Loaded {
  readonly command: string;
  readonly files: readonly string[];
  readonly bytes: number;
}

/** Which limits of `npm run bench` hold which command, in KiB. */
const COMMANDS: readonly { readonly args: readonly string[]; readonly atMostKiB: number }[] = [
  { args: [], atMostKiB: 520 },
  { args: ['check', '--json'], atMostKiB: 620 },
  { args: ['agent', '--once'], atMostKiB: 890 },
];

export async function sizes({ program, short }: Bench): Promise<Result> {
  const box = await openBox();
  try {
    const loaded: (Loaded & { readonly atMostKiB: number })[] = [];
    for (const { args, atMostKiB } of COMMANDS) {
      loaded.push({ ...(await loadedBy(program, args, box)), atMostKiB });
    }
    const packages = short ? [] : packagesBeside(program);
    const limits = loaded.map(
      ({ command, bytes, atMostKiB }): Limit => ({
        what: `KiB loaded by ${command}`,
        is: Math.round((bytes / KIB) * 10) / 10,
        atMost: atMostKiB,
      }),
    );
    return {
      tables: [
        {
          title: 'What is loaded',
          columns: ['', 'KiB', 'files'],
          rows: [
            ...loaded.map(({ command, bytes, files }) => [
              command,
              figure(bytes / KIB),
              String(files.length),
            ]),
            ...packages.map(({ name, bytes }) => [name, figure(bytes / KIB, 0), '']),
          ],
        },
      ],
      data: { loaded, packages },
      limits,
    };
  } finally {
    await box.close();
  }
}

async function loadedBy(program: string, args: readonly string[], box: BenchBox): Promise<Loaded> {
  const dist = path.dirname(program);
  const copy = mkdtempSync(path.join(tmpdir(), 'imds-probe-bench-dist-'));
  try {
    cpSync(dist, copy, { recursive: true, filter: (file) => path.basename(file) !== 'cache' });
    const first = path.join(copy, path.basename(program));
    const env = { XDG_CACHE_HOME: copy };
    await run(commandOf({ argv: [process.execPath, first, ...args], env }, box.environment));
    const chunks = path.join(copy, 'chunks');
    const kept = ['cache', 'imds-probe']
      .map((name) => path.join(copy, name))
      .filter((folder) => existsSync(folder))
      .flatMap((folder) => readdirSync(folder));
    const files = readdirSync(chunks).filter((name) => kept.some((file) => file.startsWith(`${name}-`)));
    // The HTTP parser is read whenever something is asked; it is no code of ours that could be kept.
    const all = [first, ...[...files, 'llhttp.wasm'].map((name) => path.join(chunks, name))];
    return {
      command: ['imds-probe', ...args].join(' '),
      files: all.map((file) => path.basename(file)),
      bytes: all.reduce((sum, file) => sum + statSync(file).size, 0),
    };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** What `npm run package` left, where it was run. */
function packagesBeside(program: string): readonly { readonly name: string; readonly bytes: number }[] {
  const folder = path.resolve(path.dirname(program), '../packages');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /\.(deb|rpm|tar\.gz)$/.test(name))
    .map((name) => ({ name, bytes: statSync(path.join(folder, name)).size }));
}
