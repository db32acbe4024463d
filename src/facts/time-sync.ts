// How time comes to an EC2 instance: addresses, the window AWS allows, and what to type to each time daemon.
import type { Fix } from '../core/report.ts';

/** EC2 User Guide, "Set the time reference on your EC2 instance to use the local Amazon Time Sync Service". */
export const TIME_SYNC_IPV4 = '169.254.169.123';

/** "In most cases, a request must reach AWS within five minutes of the time stamp": IAM User Guide, SigV4. */
export const REQUEST_WINDOW_SECONDS = 300;

/** Pages the findings cite. */
export const TIME_PAGES = {
  signing: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html',
  timeSync: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configure-ec2-ntp.html',
  packet: 'https://www.rfc-editor.org/rfc/rfc5905#section-7.3',
} as const;

type Daemon = 'chronyd' | 'systemd-timesyncd';

// chronyc(1): without arguments, makestep jumps at once by what is still being slewed. Its -a is a relic: ignored.
// The unit is chronyd on Amazon Linux and RHEL; on Debian and Ubuntu chrony.service carries that name as an alias.
const STEP: Readonly<Record<Daemon, readonly Fix[]>> = {
  chronyd: [
    {
      text: 'Let chrony put the clock right at once; by itself it may slew for hours. Programs that cannot bear a jump should be stopped first.',
      command: 'sudo chronyc makestep && chronyc tracking',
    },
    {
      text: 'If that changes nothing, chrony has no time itself: restarted, it asks its servers anew and may jump again (its default configuration allows it for the first three answers).',
      command: 'sudo systemctl restart chronyd && sleep 10 && chronyc sources -v',
    },
  ],
  'systemd-timesyncd': [
    {
      text: 'Restart timesyncd: it asks its server at once and sets the clock.',
      command: 'sudo systemctl restart systemd-timesyncd && timedatectl timesync-status',
    },
  ],
};

// Amazon Linux and RHEL read /etc/chrony.conf, Debian and Ubuntu /etc/chrony/chrony.conf. The line is AWS's own.
const USE_TIME_SYNC: Readonly<Record<Daemon, Fix>> = {
  chronyd: {
    text: 'Make chrony follow the Amazon Time Sync Service, where `chronyc sources` does not list it yet.',
    command: `conf=$(ls /etc/chrony.conf /etc/chrony/chrony.conf 2>/dev/null | head -n 1) && echo 'server ${TIME_SYNC_IPV4} prefer iburst minpoll 4 maxpoll 4' | sudo tee -a "$conf" && sudo systemctl restart chronyd`,
  },
  'systemd-timesyncd': {
    text: 'Make timesyncd follow the Amazon Time Sync Service.',
    command: `sudo mkdir -p /etc/systemd/timesyncd.conf.d && printf '[Time]\\nNTP=${TIME_SYNC_IPV4}\\n' | sudo tee /etc/systemd/timesyncd.conf.d/amazon-time-sync.conf && sudo systemctl restart systemd-timesyncd`,
  },
};

const INSTALL: readonly Fix[] = [
  {
    text: 'Switch on the time daemon that is installed.',
    command: 'sudo timedatectl set-ntp true && timedatectl',
  },
  {
    text: 'If there is none: Amazon Linux 2023, RHEL and their kin.',
    command: 'sudo dnf install -y chrony && sudo systemctl enable --now chronyd',
  },
  {
    text: 'If there is none: Ubuntu and Debian.',
    command: 'sudo apt-get update && sudo apt-get install -y chrony',
  },
];

function known(daemon: string | null): Daemon | null {
  return daemon === 'chronyd' || daemon === 'systemd-timesyncd' ? daemon : null;
}

const ON_THE_HOST: Fix = {
  text: 'The clock of a container is its host’s: do the following on the host, not in here.',
};

/**
 * What puts a wrong clock right and keeps it so, the first thing to try first. `daemon` is the time daemon seen here,
 * or null where none was; `container` is true where this runs in one.
 */
export function clockFixes(daemon: string | null, container: boolean): readonly Fix[] {
  const name = known(daemon);
  const step = name === null ? [] : STEP[name];
  return [...(container ? [ON_THE_HOST] : []), ...step, ...followFixes(daemon)];
}

/** What makes the time daemon here follow the Amazon Time Sync Service, or puts one there that does. */
export function followFixes(daemon: string | null): readonly Fix[] {
  const name = known(daemon);
  if (name !== null) return [USE_TIME_SYNC[name]];
  if (daemon === null) return [...INSTALL, USE_TIME_SYNC.chronyd];
  return [
    {
      text: `Look at ${daemon}, which keeps the clock here, and have it follow ${TIME_SYNC_IPV4}.`,
      ...(/^[\w@.-]+$/.test(daemon) && { command: `systemctl status ${daemon}` }),
    },
  ];
}

/** Both daemons in one list, for a runbook that knows no instance. */
export const CLOCK_RUNBOOK_FIXES: readonly Fix[] = [
  ...STEP.chronyd,
  USE_TIME_SYNC.chronyd,
  ...STEP['systemd-timesyncd'],
  USE_TIME_SYNC['systemd-timesyncd'],
  ...INSTALL,
];
