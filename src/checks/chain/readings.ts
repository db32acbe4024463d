// Readings of the credential chain that several of its checks share, and the commands they print.
import type { ChainRole, CredentialChain, ProfileRow } from '../../core/chain.ts';
import type { Fix } from '../../core/report.ts';

/** Variables that carry credentials, in the order people unset them. */
const CREDENTIAL_VARIABLES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_CREDENTIAL_EXPIRATION',
];

/** A word as a shell takes it literally: names come from files that anybody may have written. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) && !word.startsWith('-') ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** `this shell`, or the process whose chain it is. */
export function whose(chain: CredentialChain): string {
  const { pid, command } = chain.subject;
  return pid === null ? 'this shell' : `process ${pid}${command === null ? '' : ` (${command})`}`;
}

/** The variables with credentials that are set here. */
export function credentialVariables(chain: CredentialChain): readonly string[] {
  return CREDENTIAL_VARIABLES.filter((name) => chain.environment.variables.includes(name));
}

/** How to get the variables out of the way: in a shell at once, for a process at its next start. */
export function environmentFixes(chain: CredentialChain): readonly Fix[] {
  const { pid } = chain.subject;
  if (pid !== null) return processFixes(pid);
  const names = credentialVariables(chain);
  return [
    {
      text: 'Remove them from this shell.',
      command: `unset ${(names.length === 0 ? CREDENTIAL_VARIABLES : names).join(' ')}`,
    },
    WHERE_SET,
  ];
}

export const WHERE_SET: Fix = {
  text: 'Find out where they are set, or they are back at the next login.',
  command:
    'grep -ls AWS_ACCESS_KEY_ID ~/.bashrc ~/.bash_profile ~/.profile ~/.zshrc /etc/environment /etc/profile /etc/profile.d/*',
};

/** A process keeps the environment it was started with: it has to be started again without them. */
export function processFixes(pid: number | '<pid>'): readonly Fix[] {
  return [
    {
      text: 'Find the unit or the parent that started it with these variables.',
      command: pid === '<pid>' ? 'systemctl status <pid>' : `systemctl status ${pid}`,
    },
    { text: 'Remove the variables there (Environment=, EnvironmentFile=, the start script) and restart it.' },
  ];
}

/** The profile in use, or null where no file has it. */
export function rowInUse(chain: CredentialChain): ProfileRow | null {
  return chain.profiles.find((row) => row.inUse) ?? null;
}

/** Whether there is a role that something could hide: a verdict where there is none or nobody knows, else null. */
export function noRoleToHide(
  role: ChainRole,
): { readonly pass: string } | { readonly unknown: string } | null {
  if (role.state === 'absent') return { pass: 'no role is attached, so nothing is hidden' };
  if (role.state === 'present') return null;
  return { unknown: `whether there is a role to hide is not known: ${role.detail}` };
}

/** `; …` with what a list leaves off after `shown` entries. */
export const andMore = (total: number, shown: number): string =>
  total > shown ? ` and ${total - shown} more` : '';

/** Where each profile's file lies, by kind. */
export function pathOf(chain: CredentialChain, kind: 'config' | 'credentials'): string {
  return chain.files.find((file) => file.kind === kind)?.path ?? `~/.aws/${kind}`;
}
