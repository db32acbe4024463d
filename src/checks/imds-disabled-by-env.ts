// Judges whether AWS_EC2_METADATA_DISABLED keeps SDKs from asking the metadata service, and which of them.
import { defineCheck } from '../core/check.ts';
import type { Fix } from '../core/report.ts';
import { disabledFor, SDK_SETTINGS } from '../facts/sdk-settings.ts';
import { processFixes, whose } from './chain/readings.ts';

const FIXES: readonly Fix[] = [
  {
    text: 'Take the variable out of this environment. There is no text that leaves every SDK alone; not even "false".',
    command: 'unset AWS_EC2_METADATA_DISABLED',
  },
  {
    text: 'Find who sets it for good.',
    command:
      'grep -rns AWS_EC2_METADATA_DISABLED /etc/environment /etc/profile /etc/profile.d /etc/systemd/system /etc/default ~/.profile ~/.bashrc',
  },
];

/** Releases nobody should run any more: what they alone misread is worth a word, and no finding. */
const OLD = SDK_SETTINGS.filter(({ sdk }) => sdk === 'js-old').map(({ name }) => name);

export const imdsDisabledByEnv = defineCheck({
  id: 'imds-disabled-by-env',
  group: 'imds',
  title: 'AWS_EC2_METADATA_DISABLED keeps SDKs from the metadata service',
  severities: ['warning'],
  needs: ['imds-settings'],
  uses: ['credential-chain'],
  reference: 'https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html',
  runbook: {
    means:
      'The variable tells SDKs and the AWS CLI not to ask the metadata service, so the instance role gives them nothing and they report missing credentials, although the service is well. SDKs agree on "true" only: other texts switch it off for some of them, and stop the Java SDK with an error. imds-probe asks all the same.',
    causes: [
      'It was set to make programs outside of EC2 start faster, and came along in an image, a container or a unit file.',
      'Somebody meant to switch it off with 0, no or False, which some SDKs read as yes.',
      'An environment file sets it to nothing, which the Java SDK refuses.',
    ],
    fixes: FIXES,
  },
  assess(seen) {
    const settings = seen['imds-settings'];
    if (!settings.ok) return { unknown: settings.failure.detail };
    const chain = seen['credential-chain'];
    // With --pid it is that process's environment that counts.
    const process = chain?.ok === true && chain.value.subject.pid !== null ? chain.value : null;
    const text = process === null ? settings.value.disabledVariable : process.environment.metadataDisabled;
    if (text === null) return 'pass';
    const affected = disabledFor(text);
    const current = affected.filter((name) => !OLD.includes(name));
    if (current.length === 0) {
      return affected.length === 0
        ? { pass: `AWS_EC2_METADATA_DISABLED is "${text}", and every SDK asks` }
        : { pass: `AWS_EC2_METADATA_DISABLED is "${text}": only ${affected.join(', ')} would not ask` };
    }
    const asking = SDK_SETTINGS.map(({ name }) => name).filter((name) => !affected.includes(name));
    const value = text === '' ? 'set to nothing' : `"${text}"`;
    const where = process === null ? 'this environment' : `the environment of ${whose(process)}`;
    return {
      severity: 'warning',
      cause:
        asking.length === 0
          ? `AWS_EC2_METADATA_DISABLED is ${value}: SDKs and the AWS CLI in ${where} do not ask the metadata service and get no credentials from the role. imds-probe asked it all the same.`
          : `AWS_EC2_METADATA_DISABLED is ${value} in ${where}, which SDKs read in different ways: these get no credentials from the metadata service: ${current.join(', ')}; these do: ${asking.join(', ')}.`,
      evidence: { value: text, withoutCredentials: affected, asking },
      fix: process === null ? FIXES : processFixes(process.subject.pid ?? '<pid>'),
    };
  },
});
