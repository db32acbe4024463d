// Finds credentials among the system properties of a Java process: on its command line, or in JAVA_TOOL_OPTIONS.
import { shownKey } from '../../../chain/profiles.ts';
import type { JavaCredentials } from '../../../core/chain.ts';
import { JAVA_PROPERTIES } from '../../../facts/credential-chain.ts';

/** Variables a JVM reads options from; the launcher's own command line comes on top of them. */
const OPTION_VARIABLES = ['JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS', '_JAVA_OPTIONS'] as const;

type Place = 'command-line' | (typeof OPTION_VARIABLES)[number];

const NAMES: readonly string[] = Object.values(JAVA_PROPERTIES).flat();

/** Credentials of a JVM with this command line and environment, or null. */
export function javaCredentials(
  commandLine: readonly string[],
  environment: ReadonlyMap<string, string>,
): JavaCredentials | null {
  const own = fromArguments('command-line', jvmArguments(commandLine));
  if (own !== null) return own;
  for (const variable of OPTION_VARIABLES) {
    const seen = fromArguments(variable, splitOptions(environment.get(variable) ?? ''));
    if (seen !== null) return seen;
  }
  return null;
}

/** Options before the main class or the jar file, the first word that is none: what follows is the application's. */
function jvmArguments(commandLine: readonly string[]): readonly string[] {
  const options: string[] = [];
  const rest = commandLine.slice(1);
  for (const [index, argument] of rest.entries()) {
    const takesValue = ['-cp', '-classpath', '--class-path', '-p', '--module-path'].includes(
      rest[index - 1] ?? '',
    );
    if (!argument.startsWith('-') && !takesValue && !argument.startsWith('@')) break;
    options.push(argument);
  }
  return options;
}

/** Splits as the JVM does: at blanks, with either kind of quotes holding words together. */
function splitOptions(text: string): readonly string[] {
  const words = text.slice(0, 16_384).match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) => word.replace(/["']/g, ''));
}

function fromArguments(from: Place, options: readonly string[]): JavaCredentials | null {
  const properties = new Map<string, string>();
  for (const option of options) {
    const [, name, value] = /^-D(aws\.[\w.]{1,40})=(.*)$/s.exec(option) ?? [];
    if (name !== undefined && value !== undefined && NAMES.includes(name)) properties.set(name, value);
  }
  if (properties.size === 0) return null;
  const has = (names: readonly string[]): boolean =>
    names.some((name) => (properties.get(name) ?? '') !== '');
  return {
    from,
    properties: [...properties.keys()].sort(),
    key: shownKey(properties.get('aws.accessKeyId')),
    secretKey: has(JAVA_PROPERTIES.secretKey),
    sessionToken: has(JAVA_PROPERTIES.sessionToken),
  };
}
