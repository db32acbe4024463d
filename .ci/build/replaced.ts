// What the bundle takes in place of a library's own file, each with its reason: the one place where it differs from the
// sources. test/build/ holds it to the same behaviour, and CI runs test/cli and all
// end-to-end tests against the bundle.
import path from 'node:path';

export interface Replacement {
  /** Matches the path or name that is imported. */
  readonly what: RegExp;
  /** Only where this package imports it; left out: anywhere. */
  readonly within?: string;
  /** A file of `instead/`. */
  readonly by: string;
  readonly because: string;
}

export const REPLACEMENTS: readonly Replacement[] = [
  {
    what: /^undici$/,
    by: 'undici.ts',
    because:
      'its index loads fetch, WebSocket, caches and mocks; the program uses Client, Agent, ProxyAgent, `request` and `connect`',
  },
  {
    what: /^\.\/client-h2\.js$/,
    within: 'undici',
    by: 'never.ts',
    because: 'every connection is made with allowH2: false; it would load node:http2',
  },
  {
    what: /^\.\.\/llhttp\/llhttp(_simd)?-wasm\.js$/,
    within: 'undici',
    by: 'llhttp.ts',
    because:
      'two builds of one parser as base64; the plain one is kept, as a file, and V8 is told not to optimise it: that took 40–90 ms at the end of every run',
  },
  {
    what: /^\.\/socks5-proxy-agent(\.js)?$/,
    within: 'undici',
    by: 'never.ts',
    because: 'proxy settings with a socks scheme are refused before',
  },
  {
    what: /^\.\.\/web\/(fetch\/(body|formdata)\.js|fetch\/formdata|webidl)$/,
    within: 'undici',
    by: 'never.ts',
    because: 'bodies of requests are text; forms, blobs and streams never come here',
  },
  {
    what: /^node:http$/,
    within: 'undici',
    by: 'http.ts',
    because: 'undici reads two names of it, and neither matters here; loading it takes 3 ms',
  },
  {
    what: /^(node:)?assert$/,
    by: 'assert.ts',
    because:
      "undici's and yargs' own assertions hold without the diagnostics of node:assert, which take 2 ms to load",
  },
  {
    what: /^(\.\.\/core|\.)\/diagnostics(\.js)?$/,
    within: 'undici',
    by: 'diagnostics.ts',
    because: 'nobody subscribes to its channels in a program of its own',
  },
  {
    what: /^string-width$/,
    by: 'string-width.ts',
    because:
      'the help that yargs lays out has one column a character; the real one builds an Intl.Segmenter and an emoji pattern at import, 20 ms',
  },
  {
    what: /^@aws-sdk\/credential-provider-node$/,
    by: 'never.ts',
    because:
      'the SDK signs with what the probe has read; its own chain would ask IMDS, SSO and STS by itself',
  },
];

/** Names that the sources of libraries ask for, and what the bundle answers. */
export const DEFINED: Readonly<Record<string, string>> = {
  // undici's own switch for builds with one HTTP parser: without the experimental second one, 160 KiB of WebAssembly.
  esbuildDetection: 'true',
  // yargs looks for translations and a package.json from where it lies; there are none, and the caller's are not meant.
  'import.meta.resolve': 'undefined',
  'import.meta.url': '"file:///node_modules/yargs/index.mjs"',
};

/** Globals that the sources ask for, and the export of a file of `instead/` that the bundle takes: [file, name]. */
export const INJECTED: Readonly<Record<string, [file: string, name: string]>> = {
  // Only its clock is used; loading the global takes 2 ms.
  performance: [path.join(import.meta.dirname, 'instead/performance.ts'), 'performance'],
};

const INSTEAD = path.join(import.meta.dirname, 'instead');

/** The file to take for an import, or null where it stays. `importer` is the file that imports. */
export function replacementFor(source: string, importer: string): string | null {
  const inside = (name: string): boolean => importer.includes(`/node_modules/${name}/`);
  const found = REPLACEMENTS.find(
    ({ what, within }) => what.test(source) && (within === undefined || inside(within)),
  );
  return found === undefined ? null : path.join(INSTEAD, found.by);
}
