// The metadata an instance shows, as a flat table of paths, and how a path of it is read.
import type { InstanceBehaviour } from './behaviour.ts';
import type { IssuedCredentials } from './credentials.ts';

/** Leaf path below the version, such as `/meta-data/instance-id`, to its text. */
export type MetadataTree = ReadonlyMap<string, string>;

const CREDENTIALS_PATH = '/meta-data/iam/security-credentials/';

/** ISO 8601 without fractions, as the service writes times. */
const isoSeconds = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

/** The service's own layout of JSON: two blanks, and one on both sides of the colon. */
function serviceJson(fields: Readonly<Record<string, string | null>>): string {
  const lines = Object.entries(fields).map(([key, value]) => `  "${key}" : ${JSON.stringify(value)}`);
  return `{\n${lines.join(',\n')}\n}`;
}

function roleEntries(behaviour: InstanceBehaviour, credentials: IssuedCredentials): Record<string, string> {
  const { role, code, message } = behaviour.credentials;
  const { accountId } = behaviour.identity;
  const lastUpdated = isoSeconds(credentials.lastUpdated);
  const answer =
    code === 'Success'
      ? {
          Code: code,
          LastUpdated: lastUpdated,
          Type: 'AWS-HMAC',
          AccessKeyId: credentials.accessKeyId,
          SecretAccessKey: credentials.secretAccessKey,
          Token: credentials.sessionToken,
          Expiration: isoSeconds(credentials.expiration),
        }
      : { Code: code, Message: message ?? '', LastUpdated: lastUpdated };
  return {
    '/meta-data/iam/info': serviceJson({
      Code: 'Success',
      LastUpdated: lastUpdated,
      InstanceProfileArn: `arn:aws:iam::${accountId}:instance-profile/${role}`,
      InstanceProfileId: 'AIPA2B0X2B0X2B0X2B0XE',
    }),
    [`${CREDENTIALS_PATH}${role}`]: serviceJson(answer),
  };
}

/** Everything there is to read, by the behaviour in force. `credentials` is null where no role is attached. */
export function metadataTree(
  behaviour: InstanceBehaviour,
  credentials: IssuedCredentials | null,
): MetadataTree {
  const { identity } = behaviour;
  const hostname = `ip-${identity.privateIp.replaceAll('.', '-')}.ec2.internal`;
  const entries: Record<string, string | null> = {
    '/dynamic/instance-identity/document': serviceJson({
      accountId: identity.accountId,
      architecture: identity.architecture,
      availabilityZone: identity.availabilityZone,
      billingProducts: null,
      devpayProductCodes: null,
      marketplaceProductCodes: null,
      imageId: identity.imageId,
      instanceId: identity.instanceId,
      instanceType: identity.instanceType,
      kernelId: null,
      pendingTime: '2026-01-05T08:00:00Z',
      privateIp: identity.privateIp,
      ramdiskId: null,
      region: identity.region,
      version: '2017-09-30',
    }),
    '/meta-data/ami-id': identity.imageId,
    '/meta-data/ami-launch-index': '0',
    '/meta-data/hostname': hostname,
    ...(credentials === null ? {} : roleEntries(behaviour, credentials)),
    '/meta-data/instance-action': 'none',
    '/meta-data/instance-id': identity.instanceId,
    '/meta-data/instance-life-cycle': 'on-demand',
    '/meta-data/instance-type': identity.instanceType,
    '/meta-data/local-hostname': hostname,
    '/meta-data/local-ipv4': identity.privateIp,
    '/meta-data/placement/availability-zone': identity.availabilityZone,
    '/meta-data/placement/region': identity.region,
    '/meta-data/profile': 'default-hvm',
    '/meta-data/services/domain': 'amazonaws.com',
    '/meta-data/services/partition': 'aws',
    ...behaviour.imds.extraPaths,
  };
  const { listing } = behaviour.credentials;
  if (credentials !== null && listing !== null) entries[CREDENTIALS_PATH] = listing;
  const tree = new Map<string, string>();
  for (const [path, text] of Object.entries(entries)) if (text !== null) tree.set(path, text);
  return tree;
}

/** What is at `path`: a leaf's text, a folder's listing, or null. */
export function readTree(tree: MetadataTree, path: string): string | null {
  const leaf = tree.get(path) ?? tree.get(`${path}/`);
  if (leaf !== undefined) return leaf;
  const folder = path.endsWith('/') ? path : `${path}/`;
  const names = new Set<string>();
  for (const leafPath of tree.keys()) {
    if (!leafPath.startsWith(folder)) continue;
    const [name = '', ...rest] = leafPath.slice(folder.length).split('/');
    if (name !== '') names.add(rest.length === 0 ? name : `${name}/`);
  }
  return names.size === 0 ? null : [...names].join('\n');
}
