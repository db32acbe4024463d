// Which time daemon keeps this machine's clock, and what systemd says of it. Evidence only, so it must be cheap:
// a few looks at files. Asking chronyc, timedatectl or adjtimex would take a child process and tens of milliseconds.
import { existsSync } from 'node:fs';
import type { LocalClock } from '../../core/clock.ts';
import { smallText } from './read.ts';

interface Daemon {
  readonly name: string;
  /** Where it writes its process id; some of these folders only its own user may enter. */
  readonly pidFiles: readonly string[];
  /** Services whose control group is there exactly while they run; visible to everybody. */
  readonly services: readonly string[];
}

// Paths of Amazon Linux 2023, Debian 12 and 13, Ubuntu 22.04 and 24.04, RHEL 9.
const DAEMONS: readonly Daemon[] = [
  {
    name: 'chronyd',
    pidFiles: ['/run/chrony/chronyd.pid', '/run/chronyd.pid'],
    services: ['chronyd.service', 'chrony.service'],
  },
  { name: 'systemd-timesyncd', pidFiles: [], services: ['systemd-timesyncd.service'] },
  {
    name: 'ntpd',
    pidFiles: ['/run/ntpd.pid', '/run/ntpsec/ntpd.pid'],
    services: ['ntpd.service', 'ntp.service', 'ntpsec.service', 'openntpd.service'],
  },
];

/** Roots of systemd's control groups: version 2, version 1, and both at once. */
const CGROUP_ROOTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified'];

/** systemd-timesyncd.service(8): this file is there once the clock was set from a server since boot. */
const TIMESYNC_FOLDER = '/run/systemd/timesync';

/** Looks below `root` ('' for this machine). */
export function readLocalClock(root: string): LocalClock {
  const daemon = DAEMONS.find((candidate) => runs(root, candidate))?.name ?? null;
  const timesync = existsSync(`${root}${TIMESYNC_FOLDER}`);
  const own = daemon === 'systemd-timesyncd' || (daemon === null && timesync);
  return {
    daemon: own ? 'systemd-timesyncd' : daemon,
    // Under another daemon the file may be left over from before.
    synchronised: own ? existsSync(`${root}${TIMESYNC_FOLDER}/synchronized`) : null,
  };
}

function runs(root: string, daemon: Daemon): boolean {
  const alive = daemon.pidFiles.some((file) => {
    const pid = smallText(`${root}${file}`);
    return pid !== null && /^\d{1,10}$/.test(pid) && smallText(`${root}/proc/${pid}/comm`) === daemon.name;
  });
  return (
    alive ||
    daemon.services.some((service) =>
      CGROUP_ROOTS.some((cgroups) => existsSync(`${root}${cgroups}/system.slice/${service}`)),
    )
  );
}
