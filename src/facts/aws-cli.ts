// Which versions of the AWS CLI are too old for what this program tells people to type.

/** AWS Developer Tools Blog, "CLI v1 Maintenance Mode Announcement": only security fixes since this day. */
export const CLI_V1_MAINTENANCE_SINCE = '2026-07-15';

/** Oldest version 2 that knows every source of the chain: EKS User Guide, "Use pod identity with the AWS SDK". */
export const CLI_V2_FLOOR = '2.15.0';

/** Why this version should be replaced, or null where it is good enough; `version` as `1.2.3`. */
export function outdatedBecause(version: string): string | null {
  const [major, minor] = version.split('.').map(Number);
  if (major === undefined || minor === undefined || Number.isNaN(major) || Number.isNaN(minor)) return null;
  if (major < 2) {
    return `version 1 gets security fixes only since ${CLI_V1_MAINTENANCE_SINCE} and lacks aws sso login and aws configure list-profiles`;
  }
  const floorMinor = Number(CLI_V2_FLOOR.split('.')[1]);
  return major === 2 && minor < floorMinor
    ? `before ${CLI_V2_FLOOR} it does not know the credentials of EKS Pod Identity`
    : null;
}
