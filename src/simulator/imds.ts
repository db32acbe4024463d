// The instance metadata service of the box: IMDSv2's token rules as the EC2 User Guide states them, over a small tree.
import type { IncomingHttpHeaders } from 'node:http';
import type { Answer, InstanceBehaviour } from './behaviour.ts';
import type { CredentialIssuer, RandomBytes } from './credentials.ts';
import type { HttpRequest } from './http.ts';
import { metadataTree, readTree } from './metadata.ts';

/** EC2 User Guide, "Use IMDSv2": 1 second to 6 hours. */
const MAX_TOKEN_TTL_SECONDS = 21_600;
const TOKEN_PATH = /^\/[^/]+\/api\/token$/;
/** The versions of the tree: `latest`, or the date of one. All answer the same here. */
const VERSION_PATH = /^\/(?:latest|1\.0|20\d\d-\d\d-\d\d)(?=\/|$)/;
const TOKEN_HEADER = 'x-aws-ec2-metadata-token';
const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';
/** Tokens remembered; past it the oldest are forgotten, so that a client in a loop cannot fill the memory. */
const REMEMBERED_TOKENS = 4096;

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Request Entity Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** The page the service shows with an error. */
export function errorPage(status: number): Answer {
  const title = `${status} - ${TITLES[status] ?? 'Error'}`;
  return {
    status,
    headers: { 'Content-Type': 'text/html' },
    body: [
      '<?xml version="1.0" encoding="iso-8859-1"?>',
      '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"',
      '\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">',
      '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">',
      ' <head>',
      `  <title>${title}</title>`,
      ' </head>',
      ' <body>',
      `  <h1>${title}</h1>`,
      ' </body>',
      '</html>',
      '',
    ].join('\n'),
  };
}

export interface Imds {
  answer(request: HttpRequest): Answer;
  /** Every token given out so far stops being good, as after a restart of the service. */
  forgetTokens(): void;
}

const only = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : undefined;

const notAllowed = (allow: string): Answer => ({
  status: 405,
  headers: { Allow: allow, 'Content-Type': 'text/plain' },
  body: '',
});

/** The service by the behaviour in force. `nowMs` is the box's true time; tokens are bound to this box. */
export function imds(
  behaviour: () => InstanceBehaviour,
  nowMs: () => number,
  issuer: CredentialIssuer,
  random: RandomBytes,
): Imds {
  const tokens = new Map<string, number>();

  function grant(headers: IncomingHttpHeaders): Answer {
    // A token is for this instance only: whoever forwards the request for somebody else says so here.
    if (headers['x-forwarded-for'] !== undefined) return errorPage(403);
    const asked = only(headers[TTL_HEADER]) ?? '';
    const ttlSeconds = /^\d{1,5}$/.test(asked) ? Number(asked) : 0;
    if (ttlSeconds < 1 || ttlSeconds > MAX_TOKEN_TTL_SECONDS) return errorPage(400);
    const token = `AQAEA${Buffer.from(random(37)).toString('base64url')}==`;
    tokens.set(token, nowMs() + ttlSeconds * 1000);
    for (const oldest of tokens.keys()) {
      if (tokens.size <= REMEMBERED_TOKENS) break;
      tokens.delete(oldest);
    }
    return {
      status: 200,
      headers: { 'X-Aws-Ec2-Metadata-Token-Ttl-Seconds': String(ttlSeconds), 'Content-Type': 'text/plain' },
      body: token,
    };
  }

  /** Seconds left of the token sent; undefined where none was sent, null where it is no good. */
  function tokenLeft(headers: IncomingHttpHeaders): number | null | undefined {
    const sent = only(headers[TOKEN_HEADER]);
    if (sent === undefined) return undefined;
    const left = ((tokens.get(sent) ?? 0) - nowMs()) / 1000;
    return left > 0 ? Math.ceil(left) : null;
  }

  function read(path: string, left: number | undefined): Answer {
    const version = VERSION_PATH.exec(path);
    const tree = metadataTree(behaviour(), issuer.current());
    const body =
      version === null ? (path === '/' ? 'latest' : null) : readTree(tree, path.slice(version[0].length));
    if (body === null) return errorPage(404);
    return {
      status: 200,
      headers: {
        ...(left === undefined ? {} : { 'X-Aws-Ec2-Metadata-Token-Ttl-Seconds': String(left) }),
        'Content-Type': 'text/plain',
        'Accept-Ranges': 'none',
        'Last-Modified': new Date(
          (issuer.current()?.lastUpdated ?? Math.floor(nowMs() / 1000)) * 1000,
        ).toUTCString(),
      },
      body,
    };
  }

  return {
    answer({ method, path, headers }) {
      if (TOKEN_PATH.test(path)) return method === 'PUT' ? grant(headers) : notAllowed('OPTIONS, PUT');
      if (method !== 'GET' && method !== 'HEAD') return notAllowed('GET, HEAD');
      const left = tokenLeft(headers);
      if (left === null || (left === undefined && !behaviour().imds.tokensOptional)) return errorPage(401);
      return read(path, left);
    },
    forgetTokens: () => tokens.clear(),
  };
}
