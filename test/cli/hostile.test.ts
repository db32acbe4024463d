// Lets a hostile metadata service answer the whole program: every odd answer ends in a finding or an unknown, within
// the deadline, without a stack trace, and with nothing of it able to play with the terminal.
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/core/report.ts';
import { REPORT_SCHEMA } from '../../src/report/schema.ts';
import { run } from '../support/program.ts';

const valid = new Ajv2020({ strict: false }).compile(REPORT_SCHEMA);

type Answer = (path: string, socket: Socket) => string | Buffer | null;

const ok = (body: string, more = ''): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`;
const TOKEN = ok('AQAEAtoken==', 'X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n');

// Tests that run side by side have no hook of their own after an `await`: it would be another test's.
const servers: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(servers.map((end) => end())));

/** A raw TCP server: `answer` gets the request's path, and writes whatever bytes it likes. */
async function hostile(answer: Answer): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let seen = '';
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1');
      for (let end = seen.indexOf('\r\n\r\n'); end >= 0; end = seen.indexOf('\r\n\r\n')) {
        const path = seen.split(' ')[1] ?? '';
        seen = seen.slice(end + 4);
        const bytes = answer(path, socket);
        if (bytes !== null && !socket.destroyed) socket.write(bytes);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** These bytes, and then the end of the connection. */
const last = (socket: Socket, bytes: string): null => {
  socket.end(bytes);
  return null;
};

/** The token is good, the list names a role, and the credentials are this. */
const credentials =
  (body: string, more?: string): Answer =>
  (path) =>
    path.includes('token') ? TOKEN : path.endsWith('security-credentials/') ? ok('role') : ok(body, more);
const list =
  (body: string): Answer =>
  (path) =>
    path.includes('token') ? TOKEN : ok(body);

const good = (fields: Record<string, unknown>): string =>
  JSON.stringify({
    Code: 'Success',
    LastUpdated: '2026-11-23T11:00:00Z',
    Type: 'AWS-HMAC',
    AccessKeyId: 'ASIAQWERTYUIOPASDFGH',
    SecretAccessKey: 'hunter2hunter2hunter2hunter2hunter2hunter2',
    Token: 'IQoJtokentokentokentoken',
    Expiration: '2099-11-23T17:00:00Z',
    ...fields,
  });

const ESCAPES = '\u001b]0;pwned\u0007\u001b[31m\u202eevil\u0000';

const TABLE: readonly [string, Answer, string | null][] = [
  ['no HTTP at all', () => 'SSH-2.0-OpenSSH_9.2\r\n', 'imds-malformed'],
  [
    'binary noise',
    () => Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 37) & 255)),
    'imds-malformed',
  ],
  ['an empty connection', (_path, socket) => last(socket, ''), 'imds-unreachable'],
  ['a header without an end', () => `HTTP/1.1 200 OK\r\nX-Long: ${'a'.repeat(200_000)}`, 'imds-malformed'],
  [
    'a body cut off',
    (_path, socket) => last(socket, 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort'),
    'imds-malformed',
  ],
  [
    'two lengths',
    () => 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc',
    'imds-malformed',
  ],
  [
    'chunks of nonsense',
    () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc',
    'imds-malformed',
  ],
  [
    'a redirect to elsewhere',
    () => 'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n',
    'imds-malformed',
  ],
  ['a login page', () => ok('<html><body>Please sign in</body></html>'), 'imds-malformed'],
  ['a status of its own', () => 'HTTP/1.1 299 Whatever\r\nContent-Length: 0\r\n\r\n', 'imds-malformed'],
  ['a persistent 500', () => 'HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n', 'imds-malformed'],
  ['a teapot', () => 'HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n', 'imds-malformed'],
  ['100 for ever', () => 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(50), null],
  [
    'a token with a line break',
    (path) => (path.includes('token') ? ok('abc\r\nX-Evil: 1') : ok('role')),
    'imds-malformed',
  ],
  ['an empty token', (path) => (path.includes('token') ? ok('') : ok('role')), 'imds-malformed'],
  ['a body of a megabyte', credentials('x'.repeat(1_000_000)), 'imds-malformed'],
  [
    'a body without end',
    (path, socket) => {
      if (path.includes('token')) return TOKEN;
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      const drip = setInterval(() => socket.write(`2000\r\n${'y'.repeat(0x2000)}\r\n`), 5);
      socket.on('close', () => clearInterval(drip));
      return null;
    },
    'imds-malformed',
  ],
  ['a role name that climbs', list('../../../etc/passwd'), 'imds-malformed'],
  ['a role name that draws', list(ESCAPES), 'imds-malformed'],
  ['credentials that are no JSON', credentials('{"Code":'), 'imds-malformed'],
  ['credentials that are a list', credentials('[]'), 'imds-malformed'],
  ['credentials of numbers', credentials('{"Code":1,"Expiration":2}'), 'imds-malformed'],
  [
    'an expiration in no calendar',
    credentials(good({ Expiration: '2026-13-45T99:99:99Z' })),
    'imds-malformed',
  ],
  [
    'a polluted prototype',
    credentials(`{"__proto__":{"Code":"Success"},"constructor":{"prototype":{}}}`),
    'imds-malformed',
  ],
  ['deeply nested JSON', credentials(`${'['.repeat(30_000)}${']'.repeat(30_000)}`), 'imds-malformed'],
  [
    'a code that draws',
    credentials(JSON.stringify({ Code: ESCAPES, Message: ESCAPES.repeat(500) })),
    'imds-malformed',
  ],
  ['compressed noise', credentials('not gzip', 'Content-Encoding: gzip\r\n'), 'imds-malformed'],
  [
    'good credentials, and nonsense for the rest',
    (path) =>
      path.includes('token')
        ? TOKEN
        : path.endsWith('security-credentials/')
          ? ok('role')
          : path.includes('security-credentials')
            ? ok(good({}))
            : ok(ESCAPES),
    'imds-malformed',
  ],
];

/** Rows whose answers hold text of theirs that a report could show. */
const DRAWS = /draws|nonsense|login|noise|status/;

describe.concurrent('a hostile metadata service', () => {
  it.each(TABLE)('%s', async (name, answer, expected) => {
    const endpoint = await hostile(answer);
    const args = [
      '--endpoint',
      endpoint,
      '--timeout',
      // What is starved of the machine for a moment must not read as silence.
      '1',
      '--attempts',
      '2',
      '--deadline',
      '5',
      '--skip',
      'clock',
    ];
    const json = await run(['check', ...args, '--json', '--time-server', '127.0.0.1:9']);
    const report = JSON.parse(json.stdout) as Report;
    expect(valid(report), JSON.stringify(valid.errors)).toBe(true);
    expect(json.code).toBe({ ok: 0, warning: 1, critical: 2, unknown: 3 }[report.status]);
    expect(report.durationMs).toBeLessThan(6000);
    if (expected !== null) expect(report.findings.map(({ id }) => id)).toContain(expected);
    // What it can paint with is seen by a person only; as JSON it is escaped anyway.
    const text = DRAWS.test(name)
      ? await run(['check', ...args, '--time-server', '127.0.0.1:9', '--verbose'])
      : json;
    for (const output of [text.stdout, text.stderr, json.stderr]) {
      if (output !== json.stdout)
        expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      expect(output).not.toMatch(/^\s+at .*:\d+:\d+/m);
      expect(output).not.toContain('hunter2');
      expect(output).not.toContain('a defect in imds-probe');
    }
  });
});
