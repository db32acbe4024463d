// Asks the credentials endpoint of a container (ECS, EKS Pod Identity), only where the SDKs would ask it.

import { shownKey } from '../../../chain/profiles.ts';
import type { ContainerCredentials } from '../../../core/chain.ts';
import { shownText } from '../../../core/text.ts';
import {
  CONTAINER_HOSTS,
  ECS_CREDENTIALS_BASE,
  isContainerHostAllowed,
} from '../../../facts/credential-chain.ts';
import { lookupAddress } from '../../names.ts';
import { type Reach, readWithin } from './reach.ts';
import { isoTime, jsonObject, type SigningCredentials, signingFromJson } from './secrets.ts';

/** botocore's ContainerMetadataFetcher waits as long, three times; the JavaScript SDK half of it, once. */
const TIMEOUT_MS = 2000;
const MAX_BODY_BYTES = 64 * 1024;
const MAX_TOKEN_BYTES = 16 * 1024;

export interface ContainerTarget {
  readonly shown: ContainerCredentials;
  /** Null where the variable holds no URL or a host that is not asked. */
  readonly url: URL | null;
}

/** What AWS_CONTAINER_CREDENTIALS_* points at, before anything is asked; null where neither is set. */
export function containerTarget(environment: ReadonlyMap<string, string>): ContainerTarget | null {
  const relative = environment.get('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI');
  const full = environment.get('AWS_CONTAINER_CREDENTIALS_FULL_URI');
  if (relative !== undefined) {
    return targetOf(
      'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
      `${ECS_CREDENTIALS_BASE}${relative}`,
      (url) =>
        // A text such as "@elsewhere/" would make the fixed address a user name.
        CONTAINER_HOSTS.includes(url.hostname) && url.username === '',
    );
  }
  if (full === undefined) return null;
  return targetOf('AWS_CONTAINER_CREDENTIALS_FULL_URI', full, (url) =>
    isContainerHostAllowed(url.protocol, url.hostname),
  );
}

function targetOf(
  variable: ContainerCredentials['variable'],
  text: string,
  isAllowed: (url: URL) => boolean,
): ContainerTarget {
  const url = text.length <= 4096 && URL.canParse(text) ? new URL(text) : null;
  const allowed = url !== null && isAllowed(url);
  return {
    url: allowed ? url : null,
    shown: {
      variable,
      endpoint: url === null ? 'no URL' : shownText(`${url.protocol}//${url.host}`, 120),
      allowed,
      state: allowed ? 'not-asked' : 'failed',
      detail: allowed
        ? 'not asked'
        : url === null
          ? `${variable} holds no URL`
          : 'the SDKs refuse this host: only https, loopback and the container agents are asked',
      key: null,
      expiration: null,
    },
  };
}

export interface ContainerAnswer {
  readonly shown: ContainerCredentials;
  readonly signing: SigningCredentials | null;
}

/** Sends the one request an SDK would send: straight, with the authorization token where one is set. */
export async function askContainer(
  target: ContainerTarget,
  environment: ReadonlyMap<string, string>,
  reach: Reach,
  signal: AbortSignal,
): Promise<ContainerAnswer> {
  const failed = (detail: string): ContainerAnswer => ({
    shown: { ...target.shown, state: 'failed', detail: shownText(detail) },
    signing: null,
  });
  if (target.url === null) return { shown: target.shown, signing: null };
  const token = await authorization(environment, reach);
  if (!token.ok) return failed(token.detail);
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const { status, body } = await get(target.url, token.value, limit);
    if (status !== 200) return failed(`the endpoint answered HTTP ${status}`);
    const json = body === null ? null : jsonObject(body);
    const signing = json === null ? null : signingFromJson(json, 'Token');
    if (json === null || signing === null)
      return failed('the endpoint answered HTTP 200 without credentials');
    return {
      shown: {
        ...target.shown,
        state: 'answered',
        detail: 'the endpoint gives credentials',
        key: shownKey(signing.accessKeyId),
        expiration: isoTime(json['Expiration']),
      },
      signing,
    };
  } catch (error) {
    return failed(failureText(error));
  }
}

async function authorization(
  environment: ReadonlyMap<string, string>,
  reach: Reach,
): Promise<{ ok: true; value: string | null } | { ok: false; detail: string }> {
  const path = environment.get('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE');
  let value = environment.get('AWS_CONTAINER_AUTHORIZATION_TOKEN') ?? null;
  if (path !== undefined) {
    const file = await readWithin(reach, path, MAX_TOKEN_BYTES);
    if (file.state !== 'read') {
      return { ok: false, detail: `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is ${file.state}` };
    }
    value = file.bytes.toString('latin1');
  }
  // A line break would start another header; the SDKs refuse it as well.
  return value !== null && !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)
    ? { ok: false, detail: 'the authorization token is no legal header value' }
    : { ok: true, value };
}

async function get(
  url: URL,
  token: string | null,
  signal: AbortSignal,
): Promise<{ status: number; body: string | null }> {
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  return await new Promise((resolve, reject) => {
    const headers = { accept: 'application/json', ...(token === null ? {} : { authorization: token }) };
    const options = { method: 'GET', headers, agent: false, signal, lookup: lookupAddress };
    const outgoing = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > MAX_BODY_BYTES) outgoing.destroy(new Error('the answer is longer than 64 KiB'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: response.complete ? Buffer.concat(chunks).toString('utf8') : null,
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function failureText(error: unknown): string {
  if (!(error instanceof Error)) return 'the endpoint could not be asked';
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'ECONNREFUSED') return 'nobody listens there (connection refused)';
  if (code === 'ABORT_ERR') return 'no answer in time';
  return code === '' ? error.message : `the connection failed (${code})`;
}
