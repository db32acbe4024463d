// Asks the network driver for packets to link-local services it dropped, and again where IMDS fell silent meanwhile.
import type { LinkLocalDrops } from '../core/link-local.ts';
import { succeeded } from '../core/outcome.ts';
import type { Probe } from '../core/ports.ts';

export const linkLocal: Probe<'link-local'> = {
  id: 'link-local',
  title: 'Packets to link-local services that the network driver dropped (ethtool -S)',
  asks: 'host',
  async observe({ host, imds }, signal) {
    const first = await host.linkLocal(signal, false);
    if (!first.ok || first.value.total === null) return first;
    await imds.token(signal);
    const silent = imds
      .traffic()
      .requests.some(({ failure }) => failure === 'connect-timeout' || failure === 'response-timeout');
    if (!silent) return first;
    // What was dropped while a request waited tells more than any total.
    const second = await host.linkLocal(signal, true);
    return second.ok ? succeeded(together(first.value, second.value)) : first;
  },
};

function together(first: LinkLocalDrops, second: LinkLocalDrops): LinkLocalDrops {
  const grown = [first.growth, second.growth].filter((growth) => growth !== null);
  return { ...second, growth: grown.length === 0 ? null : grown.reduce((sum, growth) => sum + growth, 0) };
}
