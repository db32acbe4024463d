// Tells which settings of this machine change how the SDKs here reach the metadata service.
import type { Probe } from '../core/ports.ts';

export const imdsSettings: Probe<'imds-settings'> = {
  id: 'imds-settings',
  title: 'which AWS variables and config keys change how SDKs here reach IMDS',
  asks: 'host',
  observe: async (ports) => ports.host.imdsSettings(),
};
