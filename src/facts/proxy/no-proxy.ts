// Finds the NO_PROXY line that sends the most clients straight to the metadata service, by asking every dialect.
import type { AnyProxyClient, ProxyExemption } from '../../core/proxy.ts';
import type { Variables } from './dialect.ts';
import { DIALECTS } from './index.ts';
import { target } from './target.ts';

/** Where the container credentials of ECS are asked for (AWS SDKs and Tools guide, "Container credential provider"). */
const ECS_HOST = '169.254.170.2';

/** Of the spellings of one host, sets that could be added. */
function candidates(host: string): readonly (readonly string[])[] {
  const isSix = host.includes(':');
  return isSix ? [[host], [`[${host}]`], [host, `[${host}]`]] : [[host]];
}

/** Hosts beside the metadata service that SDKs here ask for credentials. */
function containerEntries(variables: Variables): readonly string[] {
  const full = target(variables['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? '');
  const linkLocal = full !== undefined && /^(?:169\.254\.|fd00:ec2:)/i.test(full.host) ? [full.host] : [];
  const relative = variables['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] ?? '';
  return [...(relative === '' ? [] : [ECS_HOST]), ...linkLocal];
}

type Name = 'NO_PROXY' | 'no_proxy';

/** One variable after the change. */
interface Assignment {
  readonly name: Name;
  /** The variable whose text goes first, or null. */
  readonly keeps: Name | null;
  readonly adds: readonly string[];
}

/** A list that is set stays; one that is not takes over the other, lest it hides what that one exempts. */
function assign(
  name: Name,
  other: Name,
  entries: readonly string[],
  variables: Variables,
): Assignment | null {
  const isSet = (variable: Name) => (variables[variable] ?? '') !== '';
  const keeps = isSet(name) ? name : isSet(other) ? other : null;
  const text = keeps === null ? '' : (variables[keeps] ?? '');
  // Alone it means everything, to most clients; with company to few.
  if (text.trim() === '*') return keeps === name ? null : { name, keeps, adds: [] };
  const listed = text.split(/[,\s]+/);
  const adds = entries.filter((entry) => !listed.includes(entry));
  return keeps === name && adds.length === 0 ? null : { name, keeps, adds };
}

function assignments(entries: readonly string[], variables: Variables): readonly Assignment[] {
  return [
    assign('NO_PROXY', 'no_proxy', entries, variables),
    assign('no_proxy', 'NO_PROXY', entries, variables),
  ].filter((assignment) => assignment !== null);
}

function assigned(variables: Variables, changes: readonly Assignment[]): Variables {
  const texts = changes.map(({ name, keeps, adds }) => {
    const kept = keeps === null ? [] : [variables[keeps] ?? ''];
    return [name, [...kept, ...adds].join(',')];
  });
  return { ...variables, ...Object.fromEntries(texts) };
}

/** The shell puts the present text in, so that the line shows nothing of it. */
function shellLine(changes: readonly Assignment[]): string | null {
  if (changes.length === 0) return null;
  const texts = changes.map(({ name, keeps, adds }) => {
    if (keeps !== null) return `${name}="${[`$${keeps}`, ...adds].join(',')}"`;
    const text = adds.join(',');
    // Brackets are patterns to a shell.
    return /[[\]]/.test(text) ? `${name}="${text}"` : `${name}=${text}`;
  });
  return `export ${texts.join(' ')}`;
}

const notDirect = (variables: Variables, url: string): readonly AnyProxyClient[] =>
  DIALECTS.filter(({ decide }) => decide(variables, url).route !== 'direct').map(({ id }) => id);

/**
 * The best exemption for a metadata endpoint (a URL) under these variables; null where every client goes direct
 * already. The fewest entries win among equals.
 */
export function bestExemption(variables: Variables, endpoint: string): ProxyExemption | null {
  const now = notDirect(variables, endpoint);
  const host = target(endpoint)?.host;
  if (now.length === 0 || host === undefined) return null;
  const extra = containerEntries(variables).filter((entry) => entry !== host);
  let best: ProxyExemption = { entries: [], command: null, helps: [], cannotHelp: now };
  for (const spellings of candidates(host)) {
    const entries = [...spellings, ...extra];
    const changes = assignments(entries, variables);
    const cannotHelp = notDirect(assigned(variables, changes), endpoint);
    const helps = now.filter((id) => !cannotHelp.includes(id));
    if (helps.length <= best.helps.length) continue;
    best = { entries, command: shellLine(changes), helps, cannotHelp };
  }
  return best;
}
