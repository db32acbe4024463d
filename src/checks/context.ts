// Small pure readings that several checks share: who the instance is, and how a failed observation is told.
import type { HostState } from '../core/host.ts';
import type { InstanceIdentity, InstanceProfile } from '../core/imds.ts';
import type { Failure, Outcome } from '../core/outcome.ts';
import { THROTTLED_STATUSES } from '../facts/imds.ts';

/** What to type where the instance's id is not known: the shell asks for it, nothing runs by accident. */
const UNKNOWN_INSTANCE = '<instance-id>';
const UNKNOWN_REGION = '<region>';

/** `--instance-id … --region …` for an AWS CLI command, from whatever is known. */
export function instanceArguments(
  identity: Outcome<InstanceIdentity> | undefined,
  host: Outcome<HostState> | undefined,
): string {
  const seen = identity?.ok ? identity.value : null;
  const instanceId = seen?.instanceId ?? (host?.ok ? host.value.instanceId : null) ?? UNKNOWN_INSTANCE;
  return `--instance-id ${instanceId} --region ${seen?.region ?? UNKNOWN_REGION}`;
}

/** Names for AWS CLI commands about this instance; a placeholder the shell refuses where one is not known. */
export interface Place {
  readonly instanceId: string;
  readonly region: string;
  readonly profileName: string;
}

export const ANYWHERE: Place = {
  instanceId: UNKNOWN_INSTANCE,
  region: UNKNOWN_REGION,
  profileName: '<profile-name>',
};

export function placeOf(seen: {
  readonly 'instance-identity'?: Outcome<InstanceIdentity>;
  readonly 'instance-profile'?: Outcome<InstanceProfile>;
  readonly host?: Outcome<HostState>;
}): Place {
  const identity = seen['instance-identity'];
  const known = identity?.ok ? identity.value : null;
  const profile = seen['instance-profile'];
  const arn = profile?.ok ? profile.value.instanceProfileArn : null;
  return {
    instanceId:
      known?.instanceId ?? (seen.host?.ok ? seen.host.value.instanceId : null) ?? ANYWHERE.instanceId,
    region: known?.region ?? ANYWHERE.region,
    // IAM names hold nothing that a shell would take for more than a name; whatever does is no IAM name.
    profileName:
      /^arn:[\w-]+:iam::\d*:instance-profile\/(?:.*\/)?([\w+=,.@-]+)$/.exec(arn ?? '')?.[1] ??
      ANYWHERE.profileName,
  };
}

/** What `iam/info` answers where the profile itself is gone: then there is no role left to be assumed. */
const PROFILE_GONE = 'InstanceProfileNotFound';

/** The code by which `iam/info` says that EC2 cannot get credentials for a profile that is there; null where none. */
export function profileRefusal(profile: Outcome<InstanceProfile> | undefined): string | null {
  const code = profile?.ok ? profile.value.code : null;
  return code === 'Success' || code === PROFILE_GONE ? null : code;
}

/** See which instance profile is associated. */
export const associations = ({ instanceId, region }: Place): string =>
  `aws ec2 describe-iam-instance-profile-associations --region ${region} --filters Name=instance-id,Values=${instanceId}`;

/** No complete HTTP answer came back. */
export function isSilence(failure: Failure): boolean {
  return (
    failure.kind === 'connect-timeout' ||
    failure.kind === 'refused' ||
    failure.kind === 'unroutable' ||
    failure.kind === 'response-timeout' ||
    failure.kind === 'reset'
  );
}

export function isThrottle(failure: Failure): boolean {
  return failure.kind === 'http-status' && THROTTLED_STATUSES.includes(failure.status ?? 0);
}

/** For a verdict that can't be reached because an observation failed. */
export function unknownBecause(what: string, outcome: { readonly failure: Failure }): { unknown: string } {
  return { unknown: `${what}: ${outcome.failure.detail}` };
}
