// Judges what the time servers say of themselves: a server without the time answers all the same.
import { defineCheck } from '../core/check.ts';
import type { Fix } from '../core/report.ts';
import { followFixes, TIME_PAGES, TIME_SYNC_IPV4 } from '../facts/time-sync.ts';

const ASK_TIME_SYNC: Fix = {
  text: 'Ask the Amazon Time Sync Service instead.',
  command: `imds-probe check --time-server ${TIME_SYNC_IPV4}`,
};
const ASK_PUBLIC: Fix = {
  text: 'Nothing on this machine can mend the Amazon Time Sync Service. Until it has the time again, compare with its public twin (UDP port 123 to the internet).',
  command: 'imds-probe check --time-server time.aws.com',
};
const SOURCES: Fix = {
  text: 'If the server is one of your own, see there whether it has a source.',
  command: 'chronyc sources -v; chronyc tracking',
};

export const clockUnsynchronised = defineCheck({
  id: 'clock-unsynchronised',
  group: 'clock',
  title: 'The time server has no time itself',
  severities: ['warning'],
  needs: ['time-servers'],
  uses: ['local-clock'],
  reference: TIME_PAGES.packet,
  runbook: {
    means:
      'A time server answers, but says of itself that it is not synchronised (leap indicator 3, or stratum 0 or 16). Its time must not be believed, not even when it agrees with the local clock: a server that follows this machine’s own clock always agrees.',
    causes: [
      'The server has only just started, or has lost its own sources.',
      'The setting --time-server names a machine of your own whose chrony has no source.',
      'A local time daemon was given as time server: it mirrors the clock it should check.',
    ],
    fixes: [
      ASK_TIME_SYNC,
      SOURCES,
      ...followFixes('chronyd'),
      ...followFixes('systemd-timesyncd'),
      ASK_PUBLIC,
    ],
  },
  assess(seen) {
    const { 'time-servers': asked, 'local-clock': local } = seen;
    if (!asked.ok) return { unknown: `the time servers were not seen: ${asked.failure.detail}` };
    const { servers } = asked.value;

    const valid = servers.find(({ state }) => state === 'valid');
    if (valid) return { pass: `${valid.server} has the time (stratum ${valid.stratum}, leap ${valid.leap})` };

    const confessed = servers.filter(({ state }) => state === 'unsynchronised');
    const [first] = confessed;
    if (first === undefined) return { unknown: 'no time server said anything of itself' };

    const daemon = local?.ok ? local.value.daemon : null;
    const itself = confessed.some(({ server }) => server.startsWith(`${TIME_SYNC_IPV4}:`));
    return {
      severity: 'warning',
      cause: `The time server ${first.server} ${first.detail}. Its time is worth nothing, so nobody knows whether this machine's clock is right; left alone it drifts, and AWS refuses requests signed more than 5 minutes off.`,
      evidence: {
        servers: confessed.map(({ server }) => server),
        leap: first.leap,
        stratum: first.stratum,
        ...(first.kissCode !== null && { code: first.kissCode }),
        ...(local?.ok && {
          localDaemon: daemon ?? 'none seen',
          localSaysSynchronised: local.value.synchronised,
        }),
      },
      fix: itself ? [ASK_PUBLIC] : [ASK_TIME_SYNC, SOURCES, ...followFixes(daemon)],
    };
  },
});
