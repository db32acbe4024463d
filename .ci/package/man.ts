// The manual page and the reference of settings, made from the program's own tables: settings, scenarios, findings.
import { CHECKS } from '../../src/checks/index.ts';
import { type SettingRow, settingRows } from '../../src/config/show.ts';
import { GROUP_TITLES, GROUPS } from '../../src/report/explain.ts';
import { SCENARIOS } from '../../src/simulator/box.ts';

/** Every command with what it does; test/deploy holds it to `imds-probe --help`. */
export const COMMANDS: readonly (readonly [usage: string, does: string])[] = [
  ['check', 'Diagnose this instance. The default.'],
  ['agent', 'Probe every cycle and publish metrics to CloudWatch, until stopped. With --once: one cycle.'],
  [
    'explain [finding ...]',
    'What a finding or a pasted error message means, its causes and fixes, offline. Without one, the catalogue.',
  ],
  ['history', 'What the agent saw on this instance.'],
  [
    'simulate [scenario]',
    'Run an instance in a box on loopback until interrupted. Without a scenario, list them.',
  ],
  ['completion', 'Print a completion script for bash or zsh.'],
];

const EXIT_CODES: readonly (readonly [code: string, means: string])[] = [
  ['0', 'ok; for the agent, stopped by SIGTERM or SIGINT'],
  ['1', 'warning'],
  ['2', 'critical'],
  ['3', 'unknown: the metadata service, the credentials or the clock could not be judged'],
  ['64', 'the command line or a setting is wrong'],
  ['70', 'a defect of imds-probe'],
];

const FILES: readonly (readonly [file: string, is: string])[] = [
  ['/etc/imds-probe/config.yaml', 'Settings, one a line: the name of the flag, a colon, the value.'],
  [
    '/var/lib/imds-probe',
    'What the agent recorded and what CloudWatch has not accepted yet; readable by the group imds-probe.',
  ],
  ['/run/imds-probe/status.json', 'The state of this instance as the agent’s latest cycle saw it.'],
  [
    '/usr/share/doc/imds-probe/drop-ins',
    'Drop-ins for the unit: --all-processes, an address allow-list, a certificate authority of your own.',
  ],
  ['/usr/share/imds-probe/report.schema.json', 'JSON Schema of the report that --format json prints.'],
];

const EXAMPLES: readonly (readonly [command: string, what: string])[] = [
  ['imds-probe', 'What is wrong here, and which command fixes it?'],
  ['imds-probe check --simulate expired', 'See a diagnosis without an instance.'],
  ['sudo imds-probe check --all-processes', 'Look for expired credentials inside running services, too.'],
  ['imds-probe explain imds-hop-limit', 'What a finding means.'],
  ['systemctl enable --now imds-probe', 'Watch this instance from now on.'],
];

/** Text for roff: no escape, no request and no dash of it may be mistaken for one of roff's own (groff_man(7)). */
export function roff(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('’', '\\(cq')
    .replaceAll('–', '\\(en')
    .replaceAll('…', '\\&...')
    .replaceAll('“', '\\(lq')
    .replaceAll('”', '\\(rq')
    .replace(
      /[^\u0000-\u007f]/gu,
      (char) => `\\[u${char.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`,
    );
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

const tagged = (tag: string, text: string): string =>
  `.TP\n.B ${roff(tag).replaceAll('"', '\\(dq')}\n${roff(text)}`;

function settingEntry(row: SettingRow): string {
  const also = [row.env, ...row.alsoRead].join(', ');
  const facts = `Allowed: ${row.allowed}. Default: ${row.default}. Commands: ${row.commands.join(', ')}. Also read from: ${also}.`;
  return `${tagged(row.flag, `${row.describe}.`)}\n.br\n${roff(facts)}`;
}

/** The page in man(7) macros. `date` is ISO, the day of the release. */
export function manPage(version: string, date: string): string {
  const rows = settingRows();
  const groups = [...new Set(rows.map(({ group }) => group))];
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['NAME', ['imds\\-probe \\- find out why AWS credentials on an EC2 instance fail']],
    ['SYNOPSIS', ['.B imds\\-probe\n[\\fIcommand\\fR] [\\fIoptions\\fR]']],
    [
      'DESCRIPTION',
      [
        roff(
          'Asks the instance metadata service, the time servers and the credential chain of an EC2 instance what the troubleshooting guides tell people to check by hand, names what is wrong, and prints the command that fixes it.',
        ),
      ],
    ],
    ['COMMANDS', COMMANDS.map(([usage, does]) => tagged(usage, does))],
    [
      'OPTIONS',
      [
        roff(
          'A flag wins over its variable, the variable over the configuration file, the file over the variables and the shared configuration of AWS. --show-config prints every value in force and where it came from.',
        ),
        tagged(
          '--config <file>',
          'YAML file with settings. Default: /etc/imds-probe/config.yaml, when it exists.',
        ),
        tagged('--show-config', 'Print every setting, its value and where it came from.'),
        tagged('--simulate <scenario>', 'Diagnose an embedded instance instead of this one.'),
        tagged('--once', 'agent: one cycle, published, then stop.'),
        ...groups.map((group) =>
          [`.SS ${roff(group)}`, ...rows.filter((row) => row.group === group).map(settingEntry)].join('\n'),
        ),
      ],
    ],
    [
      'FINDINGS',
      GROUPS.map((group) =>
        [
          `.SS ${roff(GROUP_TITLES[group])}`,
          ...CHECKS.filter((check) => check.group === group).map(({ id, title, severities }) =>
            tagged(id, `${title} (${severities.join(' or ')}).`),
          ),
        ].join('\n'),
      ),
    ],
    ['SCENARIOS', SCENARIOS.map(({ id, title }) => tagged(id, title))],
    ['EXIT STATUS', EXIT_CODES.map(([code, means]) => tagged(code, means))],
    ['FILES', FILES.map(([file, is]) => tagged(file, is))],
    ['EXAMPLES', EXAMPLES.map(([command, what]) => tagged(command, what))],
    ['SEE ALSO', ['.BR systemctl (1),\n.BR journalctl (1),\n.BR ethtool (8)']],
  ];
  const body = sections.map(([title, parts]) => `.SH ${title}\n${parts.join('\n')}`);
  return `.TH IMDS\\-PROBE 1 ${date} "imds\\-probe ${roff(version)}" "User Commands"\n${body.join('\n')}\n`;
}

/** Every setting as a comment, ready to be copied into the configuration file. */
export function settingsReference(): string {
  const entries = settingRows()
    .filter(({ commands }) => commands.length > 0)
    .map((row) => {
      const [flag = ''] = row.flag.slice(2).split(' ');
      return `# ${row.describe}.\n# Allowed: ${row.allowed}. Default: ${row.default}. Variable: ${row.env}.\n#${flag}:\n`;
    });
  return `# Every setting of imds-probe, for /etc/imds-probe/config.yaml.\n\n${entries.join('\n')}`;
}
