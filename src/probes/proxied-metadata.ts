// Sends one metadata request through the proxy, where a client here would, to see what that client gets back.
import type { Probe } from '../core/ports.ts';

export const proxiedMetadata: Probe<'proxied-metadata'> = {
  id: 'proxied-metadata',
  title: 'what comes back when a metadata request goes through the proxy, where clients here send it there',
  // Not `aws`: under --offline the client says that it was not allowed to ask, and the settings are judged alone.
  asks: 'imds',
  observe: (ports, signal) => ports.proxied.ask(signal),
};
