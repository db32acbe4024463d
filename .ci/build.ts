// Builds dist/: one executable bundle, chunks that load only when their command is called, and the report's schema.
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { bundledFolders, bundledPackages, licenseText } from './package/bundled.ts';

const root = path.resolve(import.meta.dirname, '..');
const out = path.join(root, 'dist');

// Packages that are CommonJS inside an ES bundle still call require() for Node's own modules.
const REQUIRE =
  "import { createRequire as imdsProbeRequire } from 'node:module'; const require = imdsProbeRequire(import.meta.url);";

const options: BuildOptions = {
  absWorkingDir: root,
  entryPoints: { 'imds-probe': 'src/main.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node22.19',
  format: 'esm',
  // `module` first: esbuild's default for Node takes the CommonJS builds, which cannot be tree-shaken.
  mainFields: ['module', 'main'],
  minifySyntax: true,
  minifyWhitespace: true,
  // A crash prints the line it happened on: with one endless line, that is tens of kilobytes in the journal.
  lineLimit: 200,
  legalComments: 'none',
  banner: { js: REQUIRE },
  logLevel: 'warning',
  metafile: true,
};

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const result = await build(options);
const { REPORT_SCHEMA } = await import('../src/report/schema.ts');
await writeFile(path.join(out, 'report.schema.json'), `${JSON.stringify(REPORT_SCHEMA, null, 2)}\n`);
const bundled = bundledFolders(result.metafile ?? { inputs: {}, outputs: {} });
await writeFile(path.join(out, 'THIRD-PARTY.txt'), licenseText(root, bundled));
await writeFile(
  path.join(out, 'bundled.json'),
  `${JSON.stringify(bundledPackages(root, bundled), null, 2)}\n`,
);
await chmod(path.join(out, 'imds-probe.mjs'), 0o755);

for (const [file, { bytes }] of Object.entries(result.metafile?.outputs ?? {})) {
  console.log(`${file}  ${(bytes / 1024).toFixed(1)} KiB`);
}
