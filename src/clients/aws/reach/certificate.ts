// Judges the certificate a server shows: by whom it was issued, and whether a public authority vouches for it.
import type { DetailedPeerCertificate, PeerCertificate, TLSSocket } from 'node:tls';
import type { ServerCertificate } from '../../../core/endpoint.ts';
import { shownText } from '../../../core/text.ts';

/** Longest chain that is followed; real ones have three or four certificates. */
const MAX_CHAIN = 10;
const MAX_NAME = 120;

/** What is seen of a finished handshake that was not refused for its certificate. */
export function certificateOf(socket: TLSSocket): ServerCertificate {
  const leaf = socket.getPeerCertificate(false);
  const { issuer } = leaf;
  const amazon = /^amazon\b/i.test(field(issuer, 'O'));
  return {
    issuer: shownName(issuer),
    subject: shownName(leaf.subject),
    amazon,
    trust: trustOf(socket, amazon),
    problem: socket.authorized ? null : problemOf(socket.authorizationError),
    validTo: isoTime(leaf.valid_to),
  };
}

function trustOf(socket: TLSSocket, amazon: boolean): ServerCertificate['trust'] {
  if (!socket.authorized) return 'none';
  // Nothing was added to the authorities that come with Node, so one of those vouches for it.
  if (amazon && process.env['NODE_EXTRA_CA_CERTS'] === undefined) return 'public';
  return isPublic(socket) ? 'public' : 'private';
}

/** Whether an authority that comes with Node issued a certificate of the chain, which has been verified already. */
function isPublic(socket: TLSSocket): boolean {
  const { X509Certificate } = process.getBuiltinModule('node:crypto');
  const { rootCertificates } = process.getBuiltinModule('node:tls');
  const chain = chainOf(socket.getPeerCertificate(true)).map((raw) => new X509Certificate(raw));
  return rootCertificates.some((pem) => {
    const root = new X509Certificate(pem);
    return chain.some(
      (member) => member.raw.equals(root.raw) || (member.checkIssued(root) && member.verify(root.publicKey)),
    );
  });
}

function chainOf(leaf: DetailedPeerCertificate): readonly Buffer[] {
  const chain: Buffer[] = [];
  for (let at: DetailedPeerCertificate | undefined = leaf; at?.raw !== undefined; at = at.issuerCertificate) {
    // A root names itself as its issuer.
    if (chain.length >= MAX_CHAIN || chain.some((known) => known.equals(at?.raw ?? known))) break;
    chain.push(at.raw);
  }
  return chain;
}

/** One field of a distinguished name; several of the same kind come as a list. */
function field(name: PeerCertificate['issuer'] | undefined, key: 'CN' | 'O'): string {
  const value: unknown = name?.[key];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? shownText(first, MAX_NAME) : '';
}

/** `common name (organisation)`, as much of it as there is. */
function shownName(name: PeerCertificate['issuer'] | undefined): string {
  const [common, organisation] = [field(name, 'CN'), field(name, 'O')];
  if (common === '') return organisation === '' ? 'nobody named' : organisation;
  return organisation === '' ? common : `${common} (${organisation})`;
}

function problemOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : error;
  return shownText(String(code), 60);
}

function isoTime(text: string): string | null {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString().replace('.000Z', 'Z');
}
