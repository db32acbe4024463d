// Kinds of settings: how a text becomes a value, what is allowed, and how a value is shown.
import { IMDS_IPV4_ENDPOINT } from '../facts/imds.ts';

/** What a setting's text can be. `parse` answers undefined where the text is not allowed. */
export interface Kind<T> {
  /** Completes "allowed: …". */
  readonly allowed: string;
  /** Stands for the value in help, as in `--timeout <seconds>`. */
  readonly placeholder: string;
  parse(text: string): T | undefined;
  show(value: T): string;
  /** True for a switch that is on when given without a value. */
  readonly flag?: boolean;
  /** What to offer where a shell completes. */
  readonly values?: readonly string[];
}

const DECIMAL = /^(0|[1-9]\d{0,9})(\.\d{1,6})?$/;

/** A plain decimal: no sign, no exponent, no hexadecimal. */
function decimal(text: string, least: number, most: number): number | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

export function seconds(least: number, most: number): Kind<number> {
  return {
    allowed: `seconds, from ${least} to ${most}`,
    placeholder: 'seconds',
    parse: (text) => decimal(text, least, most),
    show: (value) => `${value} s`,
  };
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  min: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
};

/** How long, as people write it: `90s`, `15m`, `24h`, `7d`; a number alone is seconds. */
export function duration(most: number): Kind<number> {
  return {
    allowed: `a number with s, m, h or d behind it, such as 90m, 24h or 7d, up to ${most / 86_400}d`,
    placeholder: 'duration',
    parse(text) {
      const [, digits = '', unit = 's'] = /^([\d.]+) ?(s|m|min|h|d|w)?$/.exec(text) ?? [];
      const value = decimal(digits, 0, most);
      const inSeconds = value === undefined ? 0 : value * (UNIT_SECONDS[unit] ?? 1);
      return inSeconds > 0 && inSeconds <= most ? inSeconds : undefined;
    },
    show: (value) => {
      const unit = ['d', 'h', 'm'].find((name) => value % (UNIT_SECONDS[name] ?? 1) === 0) ?? 's';
      return `${value / (UNIT_SECONDS[unit] ?? 1)}${unit}`;
    },
  };
}

export function milliseconds(least: number, most: number): Kind<number> {
  return {
    allowed: `milliseconds, from ${least} to ${most}`,
    placeholder: 'ms',
    parse: (text) => decimal(text, least, most),
    show: (value) => `${value} ms`,
  };
}

export function integer(least: number, most: number): Kind<number> {
  return {
    allowed: `a whole number from ${least} to ${most}`,
    placeholder: 'number',
    parse(text) {
      const value = decimal(text, least, most);
      return Number.isInteger(value) ? value : undefined;
    },
    show: String,
  };
}

const TRUE = ['true', 'yes', '1'];
const FALSE = ['false', 'no', '0'];

export const boolean: Kind<boolean> = {
  allowed: 'true or false (also yes and no, 1 and 0)',
  placeholder: '',
  flag: true,
  parse(text) {
    const lower = text.toLowerCase();
    if (TRUE.includes(lower)) return true;
    return FALSE.includes(lower) ? false : undefined;
  },
  show: String,
};

/** One of a few words, in any case. */
export function choice<const T extends string>(...values: readonly T[]): Kind<T> {
  return {
    allowed: `${values.slice(0, -1).join(', ')} or ${values.at(-1) ?? ''}`,
    placeholder: values.join('|'),
    values,
    parse: (text) => values.find((value) => value.toLowerCase() === text.toLowerCase()),
    show: (value) => value,
  };
}

function parseUrl(text: string): URL | undefined {
  // WHATWG URLs forgive much (missing slashes, backslashes, blanks inside); settings do not.
  if (!/^https?:\/\/[^/?#@\\\s]+(\/[^?#@\\\s]*)?$/i.test(text) || text.length > 2000) return undefined;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** `http://host[:port]`, for the metadata service speaks no TLS; a slash at the end is dropped. */
export const origin: Kind<string> = {
  allowed: `http://host[:port], such as ${IMDS_IPV4_ENDPOINT}; no path, no user name`,
  placeholder: 'url',
  parse(text) {
    const url = parseUrl(text);
    return url?.protocol === 'http:' && url.pathname === '/' ? url.origin : undefined;
  },
  show: (value) => value,
};

/** A URL that may have a path. */
export const url: Kind<string> = {
  allowed: 'an http:// or https:// URL without user name and query',
  placeholder: 'url',
  parse: (text) => parseUrl(text)?.href.replace(/\/+$/, ''),
  show: (value) => value,
};

/** Where to send packets: a name or an address, IPv6 without brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

function isIpv6(text: string): boolean {
  return /^[0-9a-f:.]{2,45}$/i.test(text) && text.includes(':') && URL.canParse(`http://[${text}]/`);
}

function isIpv4OrName(text: string): boolean {
  return (
    text.length <= 253 &&
    /^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?$/i.test(text) &&
    // What ends in a number is an IPv4 address, or nothing.
    (!/(^|\.)\d+\.?$/.test(text) || /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.|$)){4}$/.test(text))
  );
}

export function hostPort(defaultPort: number): Kind<HostPort> {
  return {
    allowed: 'host[:port], such as 169.254.169.123, time.example.com:123 or [fd00:ec2::123]:123',
    placeholder: 'host[:port]',
    parse(text) {
      if (isIpv6(text)) return { host: text.toLowerCase(), port: defaultPort };
      const [, bracketed, name, portText] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
      const port = portText === undefined ? defaultPort : Number(portText);
      if (port < 1 || port > 65_535) return undefined;
      if (bracketed !== undefined && isIpv6(bracketed)) return { host: bracketed.toLowerCase(), port };
      return name !== undefined && isIpv4OrName(name) ? { host: name.toLowerCase(), port } : undefined;
    },
    show: ({ host, port }) => {
      const shown = host.includes(':') ? `[${host}]` : host;
      return port === defaultPort ? shown : `${shown}:${port}`;
    },
  };
}

/** Where to listen: `host:port`, or a port alone, which is on loopback. */
export const listenAddress: Kind<HostPort> = {
  allowed: 'address:port, such as 127.0.0.1:9464, or a port alone for 127.0.0.1',
  placeholder: '[address:]port',
  parse(text) {
    const given = hostPort(0).parse(/^\d{1,5}$/.test(text) ? `127.0.0.1:${text}` : text);
    return given === undefined || given.port === 0 ? undefined : given;
  },
  show: ({ host, port }) => hostPort(0).show({ host, port }),
};

/** Text that an expression describes. */
export function text(allowed: string, placeholder: string, pattern: RegExp): Kind<string> {
  return {
    allowed,
    placeholder,
    parse: (value) => (pattern.test(value) ? value : undefined),
    show: (value) => value,
  };
}

/** A file or folder. Relative ones count from the working directory. */
export const path = text('a path', 'path', /^[^\u0000-\u001f\u007f]{1,4096}$/);
