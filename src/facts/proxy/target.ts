// The parts of the URL a client is asked for, before that client normalises anything.

export interface Target {
  readonly scheme: 'http' | 'https';
  /** As written: user, host with its brackets, port. */
  readonly netloc: string;
  /** As written, less the brackets of an IPv6 address. */
  readonly host: string;
  readonly bracketed: boolean;
  /** As written, or undefined where the URL names none. */
  readonly port: number | undefined;
  /** The port in use. */
  readonly effectivePort: number;
}

const PARTS = /^(https?):\/\/((?:[^/?#]*@)?(\[[^\]/?#]*\]|[^:/?#]*)(?::(\d*))?)(?:[/?#]|$)/i;

/** Takes an http or https URL apart; undefined for anything else. */
export function target(url: string): Target | undefined {
  const parts = PARTS.exec(url);
  const host = parts?.[3];
  if (parts === null || host === undefined || host === '') return undefined;
  const scheme = parts[1]?.toLowerCase() === 'https' ? 'https' : 'http';
  const port = parts[4] === undefined || parts[4] === '' ? undefined : Number(parts[4]);
  return {
    scheme,
    netloc: parts[2] ?? '',
    host: host.replace(/^\[|\]$/g, ''),
    bracketed: host.startsWith('['),
    port,
    effectivePort: port ?? (scheme === 'https' ? 443 : 80),
  };
}
