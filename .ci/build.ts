// Builds dist/: the program's first file, chunks of which each command loads what it needs, and the report's schema.
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type TransformOptions, transform } from 'esbuild';
import { type OutputChunk, rolldown } from 'rolldown';
import manifest from '../package.json' with { type: 'json' };
import { DEFINED, INJECTED, replacementFor } from './build/replaced.ts';
import { withLateRunbook } from './build/runbooks.ts';
import { bundledFolders, bundledPackages, licenseText, type Outputs } from './package/bundled.ts';

const root = path.resolve(import.meta.dirname, '..');
const { values } = parseArgs({ options: { out: { type: 'string', default: path.join(root, 'dist') } } });
const out = path.resolve(values.out);

const TARGET = 'node22.19';

/**
 * What every `check` needs is one file, whatever the sources load lazily. Everything else that is loaded lazily there is
 * a chunk of its own here.
 */
const EVERY_CHECK =
  /\/src\/(main|cli\/check|report\/text|clients\/(imds|proxied|sntp)\/client|clients\/aws\/reach\/walk|clients\/host\/(link-local|sockets)|config\/settings|facts\/proxy\/\w+)\.ts$|rolldown.runtime/;

const MINIFY: TransformOptions = {
  minify: true,
  target: TARGET,
  platform: 'node',
  legalComments: 'none',
  // A crash prints the line it happened on: with one endless line, that is tens of kilobytes in the journal.
  lineLimit: 200,
  // The first file reads itself and the chunks as Latin-1.
  charset: 'ascii',
};

async function bundle(): Promise<readonly OutputChunk[]> {
  const build = await rolldown({
    cwd: root,
    input: { main: 'src/main.ts' },
    platform: 'node',
    // `module` first: the CommonJS builds of the AWS client cannot be tree-shaken.
    resolve: { mainFields: ['module', 'main'] },
    transform: { target: TARGET, define: { ...DEFINED }, inject: { ...INJECTED } },
    treeshake: { moduleSideEffects: [{ test: /\/src\/(?!main\.ts$)/, sideEffects: false }] },
    plugins: [
      {
        name: 'replacements',
        resolveId: (source, importer) => (importer === undefined ? null : replacementFor(source, importer)),
      },
      {
        name: 'late runbooks',
        transform: {
          filter: { id: /\/src\/checks\/[\w-]+\.ts$/ },
          handler: (code) => withLateRunbook(code),
        },
      },
    ],
    onLog: (level, log) => {
      // Loaded lazily by one file and at once by another, as it is meant.
      if (level === 'warn' && log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') throw new Error(log.message);
    },
  });
  const { output } = await build.generate({
    // CommonJS starts faster: for an ES module Node reads every export of a built-in.
    format: 'cjs',
    exports: 'named',
    dynamicImportInCjs: false,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    comments: false,
    codeSplitting: { groups: [{ name: 'main', test: EVERY_CHECK }] },
  });
  await build.close();
  return output.filter((file) => file.type === 'chunk');
}

/** Which file brought how many bytes into which chunk, before these were made small. */
function contents(chunks: readonly OutputChunk[]): Outputs {
  return {
    outputs: Object.fromEntries(
      chunks.map(({ fileName, modules }) => [
        fileName,
        {
          inputs: Object.fromEntries(
            Object.entries(modules).map(([file, { renderedLength }]) => [
              path.relative(root, file),
              { bytesInOutput: renderedLength },
            ]),
          ),
        },
      ]),
    ),
  };
}

/** undici brings its parser as base64 in a script. */
async function parser(): Promise<Buffer> {
  const script = await readFile(path.join(root, 'node_modules/undici/lib/llhttp/llhttp-wasm.js'), 'utf8');
  const base64 = /'([A-Za-z0-9+/=]{10000,})'/.exec(script)?.[1];
  if (base64 === undefined) throw new Error('undici no longer brings its parser as it did');
  return Buffer.from(base64, 'base64');
}

/** `>=22.19` in package.json as two numbers. */
function oldestNode(): readonly [major: number, minor: number] {
  const found = /^>=(\d+)\.(\d+)$/.exec(manifest.engines.node);
  if (found === null) throw new Error('engines.node in package.json is not what start.ts can compare');
  return [Number(found[1]), Number(found[2])];
}

/** What every run needs. */
const FIRST_FILE = ['main.cjs', 'rolldown-runtime.cjs'];

const bundled = await bundle();
// What start.ts reads: objects of factories by the name of a chunk.
const files = new Map<string, string | Buffer>();
const first: string[] = [];
for (const { fileName, code } of bundled) {
  const small = await transform(code.replace(/^#!.*/, ''), { ...MINIFY, format: 'cjs' });
  const inFirstFile = FIRST_FILE.includes(fileName);
  const factory = `"${fileName}":(function (exports, require, module, __dirname) {${small.code.trim()}\n})`;
  if (inFirstFile) first.push(factory);
  else files.set(`chunks/${fileName}`, `({${factory}})\n`);
}
files.set('chunks/llhttp.wasm', await parser());
const every = `({${first.join(',\n')}})`;
if (/[\u0001\u0080-\uffff]/.test(every)) throw new Error('there is a character that start.ts cannot read');
const hash = createHash('sha256').update(every);
for (const [name, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
  hash.update(name).update(content);
const start = await transform(await readFile(path.join(root, '.ci/build/start.ts'), 'utf8'), {
  ...MINIFY,
  // So far that an older Node can say which one is needed.
  target: 'node18',
  loader: 'ts',
  format: 'esm',
  define: {
    BUILD: JSON.stringify(hash.digest('hex').slice(0, 12)),
    OLDEST_NODE: JSON.stringify(oldestNode()),
  },
});
files.set(
  'imds-probe.mjs',
  `#!/usr/bin/env node\n/*\n${every.replaceAll('*/', '*\u0001/')}\n*/\n${start.code}`,
);
const { REPORT_SCHEMA } = await import('../src/report/schema.ts');
files.set('report.schema.json', `${JSON.stringify(REPORT_SCHEMA, null, 2)}\n`);
const folders = bundledFolders(contents(bundled));
files.set('THIRD-PARTY.txt', licenseText(root, folders));
files.set('bundled.json', `${JSON.stringify(bundledPackages(root, folders), null, 2)}\n`);

// All at once: whoever runs the program meanwhile finds the old one or the new one.
const next = `${out}.${process.pid}`;
await mkdir(path.join(next, 'chunks'), { recursive: true });
for (const [name, content] of files) await writeFile(path.join(next, name), content);
await chmod(path.join(next, 'imds-probe.mjs'), 0o755);
await rm(out, { recursive: true, force: true });
await rename(next, out);

for (const [name, content] of files)
  console.log(`${(Buffer.byteLength(content) / 1024).toFixed(1).padStart(7)} KiB  ${name}`);
