// Asks how each kind of client here would send a metadata request under the proxy variables of this shell.
import type { Probe } from '../core/ports.ts';

export const proxySettings: Probe<'proxy-settings'> = {
  id: 'proxy-settings',
  title: 'which clients here would send metadata requests to a proxy',
  asks: 'host',
  observe: (ports) => ports.host.proxySettings(),
};
