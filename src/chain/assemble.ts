// Puts the credential chain together: every source that is in the running, who wins in which SDK, and the profiles.
import type {
  ChainRole,
  ChainSourceName,
  ChainWorld,
  CredentialChain,
  SdkNextRefresh,
  SdkWinner,
} from '../core/chain.ts';
import { CHAIN_ORDERS, type ChainOrder, type ChainStep, SDK_NAMES } from '../facts/credential-chain.ts';
import { refreshPlan } from '../facts/sdk-refresh.ts';
import { resolveProfile } from './resolve.ts';
import { rowsOf } from './rows.ts';
import { sourcesOf } from './sources.ts';
import { isDisabled, profileFor, SOURCE_OF, type Standing, standingOf } from './standing.ts';

/** `stopped`: the SDK fails here and looks no further. */
type StepAnswer = ChainSourceName | 'java-properties' | 'stopped' | null;

/**
 * The chain of the subject. `role` is what IMDS says where the subject stands. `winner` is by the AWS CLI's rules;
 * it is null as well where the CLI stops with an error before it finds anything. `nowMs` is epoch milliseconds.
 */
export function assembleChain(world: ChainWorld, role: ChainRole, nowMs: number): CredentialChain {
  const cli = CHAIN_ORDERS.find((order) => order.sdk === 'aws-cli');
  if (cli === undefined) throw new Error('the chain of the AWS CLI is missing from the facts');
  const standing = standingOf(world, role);
  const winner = winnerOf(standing, cli);
  return {
    winner: winner === 'java-properties' ? null : winner,
    sources: sourcesOf(standing, cli),
    winners: CHAIN_ORDERS.map((order) => sdkWinner(standing, order, winner)),
    subject: world.subject,
    profile: { ...world.profile, found: standing.profiles.has(world.profile.name) },
    role,
    refresh: nextRefreshes(role, nowMs),
    environment: world.environment,
    java: world.java,
    files: world.files,
    ...rowsOf(standing, cli),
    cliCacheFolder: world.cliCacheFolder,
    cliCache: world.cliCache,
    networkFindings: world.networkFindings,
  };
}

function nextRefreshes(role: ChainRole, nowMs: number): readonly SdkNextRefresh[] {
  const expirationMs = role.expiration === null ? Number.NaN : Date.parse(role.expiration);
  if (Number.isNaN(expirationMs)) return [];
  const updatedMs = role.lastUpdated === null ? Number.NaN : Date.parse(role.lastUpdated);
  const plans = refreshPlan(expirationMs, Number.isNaN(updatedMs) ? null : updatedMs, nowMs);
  return plans.map(({ name, nextRefreshMs, signsExpired, slackSeconds, says }) => ({
    sdk: name,
    nextRefresh: new Date(nextRefreshMs).toISOString(),
    signsExpired,
    slackSeconds,
    says,
  }));
}

function winnerOf(standing: Standing, order: ChainOrder): ChainSourceName | 'java-properties' | null {
  for (const step of order.steps) {
    const answer = stepAnswer(standing, order, step);
    if (answer === 'stopped') return null;
    if (answer !== null) return answer;
  }
  return null;
}

function stepAnswer(standing: Standing, order: ChainOrder, step: ChainStep): StepAnswer {
  const { world, role } = standing;
  switch (step) {
    case 'java-properties':
      return world.java !== null && world.java.key !== null && world.java.secretKey
        ? 'java-properties'
        : null;
    case 'environment':
      return environmentAnswer(standing, order);
    case 'web-identity-variables':
      return world.environment.webIdentity !== null && world.profile.from !== 'flag' ? 'web-identity' : null;
    case 'profile-role':
    case 'profile':
      return profileAnswer(standing, order, step);
    case 'container':
      if (world.environment.container === null) return null;
      return world.environment.container.state === 'failed' || !world.environment.container.allowed
        ? 'stopped'
        : 'container';
    case 'instance-role':
      return role.state === 'present' && !isDisabled(world, order) ? 'instance-role' : null;
  }
}

function environmentAnswer({ world }: Standing, order: ChainOrder): StepAnswer {
  const { key, secretKey } = world.environment;
  const selected = profileFor(world, order);
  if (selected.from === 'flag') return null;
  if (order.profileVariableHidesEnvironment && selected.from !== 'default') return null;
  if (key === null) return null;
  if (secretKey) return 'environment';
  // botocore fails on half a pair; the others go on to the next source.
  return order.sdk === 'aws-cli' ? 'stopped' : null;
}

function profileAnswer(standing: Standing, order: ChainOrder, step: 'profile-role' | 'profile'): StepAnswer {
  const { world, profiles, around } = standing;
  const selected = profileFor(world, order);
  const stops = order.stopsAtFaults;
  if (fatalFile(world) && order.sdk === 'aws-cli') return 'stopped';
  if (!profiles.has(selected.name))
    return selected.from !== 'default' && stops === 'always' ? 'stopped' : null;
  const resolved = resolveProfile(profiles, selected.name, order, around);
  if (step === 'profile-role' && resolved.provider !== 'assume-role') return null;
  if (resolved.broken) return stops === 'always' || stops === resolved.provider ? 'stopped' : null;
  return SOURCE_OF[resolved.provider];
}

const fatalFile = (world: ChainWorld): boolean =>
  world.files.some((file) => file.state === 'binary' || file.problems.some((problem) => problem.fatal));

function sdkWinner(
  standing: Standing,
  order: ChainOrder,
  cliWinner: ChainSourceName | 'java-properties' | null,
): SdkWinner {
  const source = winnerOf(standing, order);
  const differs =
    source === cliWinner
      ? null
      : `${SDK_NAMES[order.sdk]} uses ${source ?? 'nothing'} where the AWS CLI uses ${cliWinner ?? 'nothing'}`;
  return { sdk: order.sdk, source, differs };
}
