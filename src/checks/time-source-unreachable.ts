// Judges whether any time server can be had at all. One that answers without having the time is not this check's.
import { defineCheck } from '../core/check.ts';
import type { TimeServerAnswer } from '../core/clock.ts';
import type { Fix } from '../core/report.ts';
import { TIME_PAGES, TIME_SYNC_IPV4 } from '../facts/time-sync.ts';

const FIREWALL: Fix = {
  text: 'Look for a firewall on this machine that stops UDP port 123. It is not the VPC: Amazon Time Sync needs no rule there.',
  command: 'sudo nft list ruleset; sudo iptables -S OUTPUT',
};
const ROUTE: Fix = {
  text: 'See which way the packets go; a VPN, a container network or a lost link-local route takes them elsewhere.',
  command: `ip route get ${TIME_SYNC_IPV4}`,
};
const DROPS: Fix = {
  text: 'See whether the network card drops packets: time, DNS and instance metadata share 1024 packets per second.',
  command: 'ls /sys/class/net | xargs -n 1 sudo ethtool -S 2>/dev/null | grep linklocal_allowance_exceeded',
};
const ELSEWHERE: Fix = {
  text: 'Ask a time server that can be reached, such as the public one of AWS (UDP port 123 to the internet); to keep it, set time-server: in /etc/imds-probe/config.yaml.',
  command: 'imds-probe check --time-server time.aws.com',
};
const NOT_NTP: Fix = {
  text: 'Check the address and the port given as --time-server: what answers there does not speak NTP.',
  command: 'imds-probe check --show-config',
};
const CALM: Fix = {
  text: 'Ask the server less often (--interval), or see who else on this machine asks it; or have its keeper allow this client.',
  command: "sudo ss -uapn 'dport = :123'",
};

// An answer that can't be used is worth telling first; then the failures, by how much they explain.
const FIXES: Readonly<Record<string, readonly Fix[]>> = {
  kiss: [CALM, ELSEWHERE],
  malformed: [NOT_NTP, ELSEWHERE],
  refused: [FIREWALL, NOT_NTP, ELSEWHERE],
  'response-timeout': [FIREWALL, ROUTE, DROPS, ELSEWHERE],
  unroutable: [ROUTE, ELSEWHERE],
};
const reason = (answer: TimeServerAnswer): string => answer.failure ?? answer.state;

/**
 * A server that refuses us (a kiss of death) or talks nonsense counts as unreachable here: no time can be had from it,
 * and no other finding would say so. One that says it is not synchronised has its own, `clock-unsynchronised`.
 */
export const timeSourceUnreachable = defineCheck({
  id: 'time-source-unreachable',
  group: 'clock',
  title: 'No time server can be reached',
  severities: ['warning'],
  needs: ['time-servers'],
  uses: ['http-date', 'local-clock'],
  reference: TIME_PAGES.timeSync,
  runbook: {
    means:
      'None of the time servers gives a usable answer. The clock may still be right, but nothing keeps it so unless the time daemon has another source, and this program can then tell the time only to the second, by the Date headers of answers. Where chrony follows the PTP hardware clock (/dev/ptp0) and UDP port 123 is closed on purpose, leave the check out with --skip time-source-unreachable.',
    causes: [
      'A firewall on the machine (nftables, iptables, a security agent) drops UDP port 123.',
      'A VPN or container network takes the link-local route, or a network policy keeps the container from it.',
      'The instance sends more than 1024 packets a second to link-local services, and the surplus is dropped.',
      'The program does not run on an EC2 instance, and no --time-server is given.',
      'The server given as --time-server refuses this client (DENY, RATE) or is no time server.',
    ],
    fixes: [FIREWALL, ROUTE, DROPS, NOT_NTP, CALM, ELSEWHERE],
  },
  assess(seen) {
    const { 'time-servers': asked, 'http-date': headers, 'local-clock': local } = seen;
    if (!asked.ok) return { unknown: `the time servers were not seen: ${asked.failure.detail}` };
    const { servers } = asked.value;
    const reached = servers.find(({ state }) => state === 'valid' || state === 'unsynchronised');
    if (reached) return { pass: `${reached.server} answers` };
    if (servers.length === 0) return { skipped: 'no time server is configured' };

    const [telling] = Object.keys(FIXES).filter((kind) => servers.some((server) => reason(server) === kind));
    const second = headers?.ok
      ? `Only the Date headers of ${headers.value.source} tell whether this machine's clock is right, to the second.`
      : "Nothing tells whether this machine's clock is right.";
    const each = servers.map(({ server, detail }) => `${server} ${detail}`);
    return {
      severity: 'warning',
      cause: `No time server gives the time: ${each.slice(0, 3).join('; ')}. ${second} Left alone it drifts, and AWS refuses requests signed more than 5 minutes off.`,
      evidence: {
        servers: servers.map((answer) => `${answer.server} ${answer.kissCode ?? reason(answer)}`),
        ...(local?.ok && {
          localDaemon: local.value.daemon ?? 'none seen',
          localSaysSynchronised: local.value.synchronised,
        }),
      },
      fix: FIXES[telling ?? 'response-timeout'] ?? [],
    };
  },
});
