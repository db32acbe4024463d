// Where the services of a Region are asked: partitions and their DNS suffixes.

/** Suffix by how the Region's name begins (AWS SDKs, partitions.json); the aws partition where none fits. */
const SUFFIXES: readonly (readonly [prefix: string, suffix: string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
  ['eusc-', 'amazonaws.eu'],
];

/** What a Region's name looks like; checked before one from outside becomes part of a host name. */
export const REGION_NAME = /^[a-z]{2,5}(?:-[a-z]{1,12}){1,3}-\d{1,2}$/;

/** `https://<service>.<region>.<suffix>`, or null where the text is no Region's name. */
export function serviceEndpoint(service: 'sts' | 'monitoring' | 'ec2', region: string): string | null {
  if (!REGION_NAME.test(region)) return null;
  const suffix = SUFFIXES.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'amazonaws.com';
  return `https://${service}.${region}.${suffix}`;
}
