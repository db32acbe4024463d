// What the proxy variables do to metadata requests: by client, and what came back through the proxy.

/** Where a client sends a request: to its host, to a proxy, or nowhere because it gives up on the variables. */
export type ProxyRoute = 'direct' | 'proxy' | 'error';

/** Clients that read the proxy variables, each in its own way. */
export const PROXY_CLIENTS = [
  'curl',
  'wget',
  'python-urllib',
  'python-requests',
  'go',
  'ruby',
  'node-proxy-from-env',
  'node-undici',
] as const;
export type ProxyClient = (typeof PROXY_CLIENTS)[number];

/** AWS's own clients where they read the variables differently from the library below them. */
export const AWS_PROXY_CLIENTS = ['botocore', 'node-http'] as const;
export type AwsProxyClient = (typeof AWS_PROXY_CLIENTS)[number];

/** A proxy as a client understood it; never with the user name or password of the variable. */
export interface ProxyPlace {
  readonly scheme: string;
  /** A name or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

export type AnyProxyClient = ProxyClient | AwsProxyClient;

/** Stands for a place that might be part of a password, from a variable that can be read in several ways. */
export const HIDDEN_PLACE = '…';

/** A place that clients here would send metadata requests to. */
export interface ProxyInUse {
  readonly scheme: string;
  /** host:port, or `HIDDEN_PLACE` */
  readonly place: string;
  /** Who goes there. */
  readonly clients: readonly AnyProxyClient[];
  /** The variable carries a user name or password for it. */
  readonly authenticated: boolean;
}

/** The change of NO_PROXY that sends the most clients straight to the metadata service. */
export interface ProxyExemption {
  /** What to add to the list. */
  readonly entries: readonly string[];
  /** A line for the shell that keeps what is there, without repeating it; null where no line helps anybody. */
  readonly command: string | null;
  /** Not direct now, direct with it. */
  readonly helps: readonly AnyProxyClient[];
  /** Not direct now, and not with it either. */
  readonly cannotHelp: readonly AnyProxyClient[];
}

/** How the proxy variables of this shell would send a request to the metadata endpoint in force. */
export interface ProxySettings {
  /** Names of the proxy variables that are set, to nothing included; never their values. */
  readonly variables: readonly string[];
  /** The metadata endpoint in force, as a URL without a path. */
  readonly endpoint: string;
  readonly routes: Readonly<Record<ProxyClient, ProxyRoute>>;
  readonly awsRoutes: Readonly<Record<AwsProxyClient, ProxyRoute>>;
  /** Clients of those above found on this machine, where a variable is set; libraries inside programs can't be seen. */
  readonly present: readonly AnyProxyClient[];
  /** The one with the most clients first. */
  readonly proxies: readonly ProxyInUse[];
  /** Null where every client goes direct. */
  readonly exemption: ProxyExemption | null;
}

/** What came back when one token request was sent through the proxy, as the clients here would. */
export interface ProxiedMetadata {
  readonly asked: boolean;
  /** Why not asked, or null. */
  readonly because: string | null;
  /** host:port of the proxy, or null where none was asked. */
  readonly proxy: string | null;
  readonly status: number | null;
  /** What the body was: `token` is what a metadata service answers. */
  readonly content: 'token' | 'html' | 'json' | 'text' | 'empty' | null;
  /** The title of a page, or null. */
  readonly title: string | null;
  /** What the answer says of its sender (`Server`, else `Via`), or null. */
  readonly server: string | null;
  /** With content `token`: the instance whose metadata service it was, or null where it would not say. */
  readonly instanceId: string | null;
}
