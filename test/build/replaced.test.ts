// Holds what the bundle takes in a library's place to what that library does, piece by piece.
import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { maxHeaderSize } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFINED, INJECTED, REPLACEMENTS, replacementFor } from '../../.ci/build/replaced.ts';
import { withLateRunbook } from '../../.ci/build/runbooks.ts';

const root = path.resolve(import.meta.dirname, '../..');
const instead = path.join(root, '.ci/build/instead');
const library = path.join(root, 'node_modules');
const require = createRequire(import.meta.url);

/** The sources of the program, by file. */
const sources = new Map(
  readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file, readFileSync(path.join(root, 'src', file), 'utf8')]),
);

describe('the list', () => {
  it('names files that are there, and all of them', () => {
    const injected = Object.values(INJECTED).map(([file]) => path.basename(file));
    const named = [...new Set([...REPLACEMENTS.map(({ by }) => by), ...injected])].sort();
    const there = readdirSync(instead).filter((name) => !name.endsWith('.d.ts'));
    expect(named).toEqual(there.sort());
  });

  it.each([
    ['undici', 'src/clients/imds/connection.ts', 'undici.ts'],
    ['./client-h2.js', 'node_modules/undici/lib/dispatcher/client.js', 'never.ts'],
    ['../llhttp/llhttp-wasm.js', 'node_modules/undici/lib/dispatcher/client-h1.js', 'llhttp.ts'],
    ['../llhttp/llhttp_simd-wasm.js', 'node_modules/undici/lib/dispatcher/client-h1.js', 'llhttp.ts'],
    ['node:http', 'node_modules/undici/lib/core/util.js', 'http.ts'],
    ['node:http', 'src/sinks/http-listener.ts', null],
    ['node:assert', 'node_modules/undici/lib/core/request.js', 'assert.ts'],
    ['string-width', 'node_modules/cliui/build/lib/index.js', 'string-width.ts'],
    ['@aws-sdk/credential-provider-node', 'node_modules/@aws-sdk/client-cloudwatch/index.js', 'never.ts'],
    ['undici-types', 'src/clients/imds/connection.ts', null],
  ])('takes for %s in %s: %s', (source, importer, by) => {
    const found = replacementFor(source, path.join('/', importer));
    expect(found === null ? null : path.basename(found)).toBe(by);
  });
});

describe('undici', () => {
  it('has everything the sources import of it as a value', () => {
    const imported = [...sources.values()].flatMap((text) =>
      [...text.matchAll(/^import \{([^}]*)\} from 'undici'/gm)].flatMap(([, names = '']) =>
        names.split(',').map((name) => name.trim()),
      ),
    );
    const values = [...new Set(imported.filter((name) => name !== '' && !name.startsWith('type ')))];
    const given = readFileSync(path.join(instead, 'undici.ts'), 'utf8');
    const exported =
      /export \{([^}]*)\}/
        .exec(given)?.[1]
        ?.split(',')
        .map((name) => name.trim()) ?? [];
    expect(values.length).toBeGreaterThan(1);
    expect(exported).toEqual(expect.arrayContaining(values));
  });

  it('is never asked for HTTP/2: who makes a connection says so', () => {
    const makers = [...sources].filter(([, text]) => /\bnew (Client|Agent|ProxyAgent|Pool)\b/.test(text));
    expect(makers.length).toBeGreaterThan(1);
    for (const [file, text] of makers) expect(text, file).toContain('allowH2: false');
  });

  it('gets the very parser that it brings', () => {
    const script = require(path.join(library, 'undici/lib/llhttp/llhttp-wasm.js')) as Buffer;
    expect(script.subarray(0, 4).toString('latin1')).toBe('\0asm');
    // As .ci/build.ts takes it out of there.
    const text = readFileSync(path.join(library, 'undici/lib/llhttp/llhttp-wasm.js'), 'utf8');
    const base64 = /'([A-Za-z0-9+/=]{10000,})'/.exec(text)?.[1] ?? '';
    expect(Buffer.from(base64, 'base64').equals(script)).toBe(true);
  });

  it("leaves V8's settings as they were", () => {
    const text = readFileSync(path.join(instead, 'llhttp.ts'), 'utf8');
    const usual = /USUAL_BUDGET = ([\d_]+)/.exec(text)?.[1]?.replaceAll('_', '');
    const options = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
    const byDefault = (name: string) =>
      new RegExp(`--${name} [^\\n]*\\n[^\\n]*default: --(\\S+)`).exec(options)?.[1];
    expect(byDefault('wasm-tiering-budget')).toBe(`wasm-tiering-budget=${usual}`);
    expect(byDefault('wasm-lazy-validation')).toBe('no-wasm-lazy-validation');
  });

  it("takes Node's own limit of headers", async () => {
    const http = await import('../../.ci/build/instead/http.ts');
    expect(http.maxHeaderSize).toBe(maxHeaderSize);
  });

  it('publishes to nobody', async () => {
    const { channels } = await import('../../.ci/build/instead/diagnostics.ts');
    const real = (require(path.join(library, 'undici/lib/core/diagnostics.js')) as { channels: object })
      .channels;
    for (const name of Object.keys(real)) expect(channels[name]?.hasSubscribers, name).toBe(false);
  });
});

describe('assert', () => {
  const cases: readonly (readonly [
    name: 'ok' | 'equal' | 'strictEqual' | 'notStrictEqual',
    ...args: unknown[],
  ])[] = [
    ['ok', true],
    ['ok', 0],
    ['ok', '', 'told'],
    ['equal', 1, 1],
    ['equal', 1, 2],
    ['strictEqual', Number.NaN, Number.NaN],
    ['strictEqual', null, undefined],
    ['notStrictEqual', 1, 1],
    ['notStrictEqual', 1, 2],
  ];
  it.each(cases)('%s %j %j', async (name, ...args) => {
    const { 'module.exports': ours } = await import('../../.ci/build/instead/assert.ts');
    const ends = (callable: object): string => {
      try {
        Reflect.apply(Reflect.get(callable, String(name)) as () => void, undefined, args);
        return 'passes';
      } catch {
        return 'throws';
      }
    };
    expect(ends(ours)).toBe(ends(assert));
  });

  it('throws the error it is given', async () => {
    const { 'module.exports': ours } = await import('../../.ci/build/instead/assert.ts');
    const given = new RangeError('given');
    expect(() => ours(false, given)).toThrow(given);
  });

  it('has every assertion that is used of it', async () => {
    const { 'module.exports': ours } = await import('../../.ci/build/instead/assert.ts');
    const folder = path.join(library, 'undici/lib');
    const used = ['core', 'api', 'dispatcher'].flatMap((name) =>
      readdirSync(path.join(folder, name))
        .map((file) => readFileSync(path.join(folder, name, file), 'utf8'))
        .flatMap((text) => [...text.matchAll(/\bassert\.(\w+)\(/g)].map(([, method = '']) => method)),
    );
    for (const method of new Set(used)) expect(ours, method).toHaveProperty(method);
  });
});

describe('string-width', () => {
  it.each(['', 'Diagnose this instance', '  --margin-warning  (900 s)'])(
    'takes %j for as wide as it is',
    async (text) => {
      const { default: ours } = await import('../../.ci/build/instead/string-width.ts');
      const { default: real } = (await import('string-width')) as { default: (text: string) => number };
      expect(ours(text)).toBe(real(text));
    },
  );
});

describe('performance', () => {
  it('goes as fast as the real one', async () => {
    const { performance: ours } = await import('../../.ci/build/instead/performance.ts');
    const before = ours.now() - performance.now();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(Math.abs(ours.now() - performance.now() - before)).toBeLessThan(1);
  });

  it('tells when it began', async () => {
    const { performance: ours } = await import('../../.ci/build/instead/performance.ts');
    const difference = ours.timeOrigin + ours.now() - (performance.timeOrigin + performance.now());
    expect(Math.abs(difference)).toBeLessThan(1);
  });

  it('is asked for nothing else', () => {
    for (const [file, text] of sources) {
      expect([...text.matchAll(/\bperformance\.(?!now\(\)|timeOrigin\b)\w+/g)].map(String), file).toEqual([]);
    }
  });
});

describe('runbooks', () => {
  it('are made when they are read', () => {
    const code =
      "export const a = defineCheck({ id: 'a', runbook: { means: 'x', fixes: [f({})] }, assess() {} });";
    expect(withLateRunbook(code)).toBe(
      "export const a = defineCheck({ id: 'a', get runbook() { return { means: 'x', fixes: [f({})] }; }, assess() {} });",
    );
    expect(withLateRunbook('export const a = 1;')).toBeNull();
  });
});

describe('what is defined', () => {
  it('is still asked for', () => {
    const client = readFileSync(path.join(library, 'undici/lib/dispatcher/client-h1.js'), 'utf8');
    expect(client).toContain('esbuildDetection');
    expect(Object.keys(DEFINED)).toEqual(['esbuildDetection', 'import.meta.resolve', 'import.meta.url']);
  });
});
