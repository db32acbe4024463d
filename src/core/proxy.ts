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
