// Which SDK reads which variable about the metadata service, and how each reads AWS_EC2_METADATA_DISABLED.

export type SettingsSdk = 'botocore' | 'js-v3' | 'js-old' | 'java-v2' | 'go-v2' | 'rust';

export interface SdkSettings {
  readonly sdk: SettingsSdk;
  readonly name: string;
  /** AWS_METADATA_SERVICE_TIMEOUT, seconds an attempt. */
  readonly readsTimeout: boolean;
  /** AWS_METADATA_SERVICE_NUM_ATTEMPTS. */
  readonly readsAttempts: boolean;
  readonly source: string;
}

export const SDK_SETTINGS: readonly SdkSettings[] = [
  {
    sdk: 'botocore',
    name: 'AWS CLI, boto3 (botocore)',
    readsTimeout: true,
    readsAttempts: true,
    source: 'botocore 1.43.11: configprovider.py, utils.py IMDSFetcher',
  },
  {
    sdk: 'js-v3',
    name: 'SDK for JavaScript 3',
    readsTimeout: false,
    readsAttempts: false,
    source:
      '@smithy/credential-provider-imds 4.5.2 RemoteProviderInit; credential-provider-node remoteProvider',
  },
  {
    sdk: 'js-old',
    name: 'SDK for JavaScript 2 and early 3',
    readsTimeout: false,
    readsAttempts: false,
    source:
      'aws-sdk-js lib/metadata_service.js; aws/aws-sdk-js-v3 before remoteProvider compared with "false"',
  },
  {
    sdk: 'java-v2',
    name: 'SDK for Java 2',
    readsTimeout: true,
    readsAttempts: false,
    source: 'software.amazon.awssdk:sdk-core 2.57.8 SdkSystemSetting',
  },
  {
    sdk: 'go-v2',
    name: 'SDK for Go 2',
    readsTimeout: false,
    readsAttempts: false,
    source: 'aws-sdk-go-v2 config v1.33.16 env_config.go',
  },
  {
    sdk: 'rust',
    name: 'SDK for Rust',
    readsTimeout: false,
    readsAttempts: false,
    source: 'aws-config imds/credentials.rs, environment parse_bool',
  },
];

/** How an SDK takes a text of AWS_EC2_METADATA_DISABLED. `error`: it fails instead, and gets nothing from IMDS. */
export type DisabledReading = 'disabled' | 'enabled' | 'error';

/** Pure reading of one text, as that SDK does it; `text` is what the variable holds. */
export function readMetadataDisabled(sdk: SettingsSdk, text: string): DisabledReading {
  const isTrue = text.toLowerCase() === 'true';
  const isFalse = text.toLowerCase() === 'false';
  switch (sdk) {
    case 'js-v3':
      // Compared with the exact text "false": False, FALSE and 0 all switch it off.
      return text !== '' && text !== 'false' ? 'disabled' : 'enabled';
    case 'js-old':
      return text !== '' ? 'disabled' : 'enabled';
    case 'java-v2':
      if (isTrue) return 'disabled';
      return isFalse ? 'enabled' : 'error';
    default:
      return isTrue ? 'disabled' : 'enabled';
  }
}

/** SDKs that get nothing from IMDS under this text, by name; empty where all of them ask. */
export function disabledFor(text: string): readonly string[] {
  return SDK_SETTINGS.filter((sdk) => readMetadataDisabled(sdk.sdk, text) !== 'enabled').map(
    (sdk) => sdk.name,
  );
}

/** SDKs that ignore the variable, by name. */
export function ignoring(setting: 'timeout' | 'attempts'): readonly string[] {
  return SDK_SETTINGS.filter((sdk) => !(setting === 'timeout' ? sdk.readsTimeout : sdk.readsAttempts)).map(
    (sdk) => sdk.name,
  );
}
