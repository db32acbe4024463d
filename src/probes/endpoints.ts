// Asks how far a request to STS and to CloudWatch comes: name, connection, TLS, first byte.
import type { ReachedService } from '../core/endpoint.ts';
import type { Ports, Probe } from '../core/ports.ts';

/** Once IMDS has failed nothing is worth waiting for longer than this: that is what has to be told. */
const PATIENCE_MS = 1000;

export const stsEndpoint: Probe<'sts-endpoint'> = {
  id: 'sts-endpoint',
  title: 'How far a request to STS comes: name, connection, TLS, first byte',
  asks: 'aws',
  observe: (ports, signal) => reach('sts', ports, signal),
};

export const cloudwatchEndpoint: Probe<'cloudwatch-endpoint'> = {
  id: 'cloudwatch-endpoint',
  title: 'How far a request to CloudWatch comes: name, connection, TLS, first byte',
  asks: 'aws',
  observe: (ports, signal) => reach('cloudwatch', ports, signal),
};

async function reach(service: ReachedService, { imds, aws }: Ports, signal: AbortSignal) {
  const region = imds.identity(signal).then((identity) => (identity.ok ? identity.value.region : null));
  const hurry = new AbortController();
  const patience = AbortSignal.timeout(PATIENCE_MS);
  void imds.token(signal).then((token) => {
    if (token.ok) return;
    if (patience.aborted) hurry.abort();
    else patience.addEventListener('abort', () => hurry.abort(), { once: true });
  });
  return await aws.reach(service, region, AbortSignal.any([signal, hurry.signal]));
}
