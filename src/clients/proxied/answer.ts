// Reads what a proxy answered to a metadata request. All of it is hostile; a token in it goes no further than this room.
import type { ProxiedMetadata } from '../../core/proxy.ts';
import { withoutSecrets } from '../../core/secrets.ts';
import { shownText } from '../../core/text.ts';
import type { Answer } from '../imds/exchange.ts';

/** A session token of IMDS has 56 characters of base64; other servers' are as plain. */
const TOKEN = /^[A-Za-z0-9+/=_-]{16,1024}$/;

/** The session token, or null where the answer is anything else. */
export function tokenIn(answer: Answer): string | null {
  const text = answer.body.trim();
  return answer.status === 200 && TOKEN.test(text) ? text : null;
}

const MAX_TITLE = 80;
const MAX_SERVER = 60;

/** What kind of answer it was, without its text but for a page's title and the name of the server. */
export function described(answer: Answer): Pick<ProxiedMetadata, 'status' | 'content' | 'title' | 'server'> {
  const content = contentOf(answer);
  const title =
    content === 'html' ? /<title[^>]{0,200}>([^<]{1,400})/i.exec(answer.body.slice(0, 16_384))?.[1] : null;
  const server = header(answer, 'server') ?? header(answer, 'via');
  return {
    status: answer.status,
    content,
    title: title == null ? null : shownText(withoutSecrets(title), MAX_TITLE) || null,
    server: server === null ? null : shownText(withoutSecrets(server), MAX_SERVER) || null,
  };
}

function contentOf(answer: Answer): NonNullable<ProxiedMetadata['content']> {
  if (tokenIn(answer) !== null) return 'token';
  const text = answer.body.trimStart();
  const type = header(answer, 'content-type')?.toLowerCase() ?? '';
  if (text === '') return 'empty';
  if (type.includes('html') || /^<(?:!doctype|html|head|body)\b/i.test(text)) return 'html';
  return type.includes('json') || /^[{[]/.test(text) ? 'json' : 'text';
}

function header(answer: Answer, name: string): string | null {
  const value = answer.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
