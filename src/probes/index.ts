// Every probe, in the order their observations are shown.
import type { Probe } from '../core/ports.ts';
import { awsCli } from './aws-cli.ts';
import { callerIdentity } from './caller-identity.ts';
import { clockOffset } from './clock-offset.ts';
import { credentialChain } from './credential-chain.ts';
import { cloudwatchEndpoint, stsEndpoint } from './endpoints.ts';
import { host } from './host.ts';
import { httpDate } from './http-date.ts';
import { imdsClients } from './imds-clients.ts';
import { imdsSettings } from './imds-settings.ts';
import { imdsToken } from './imds-token.ts';
import { imdsTokenless } from './imds-tokenless.ts';
import { imdsTraffic } from './imds-traffic.ts';
import { instanceIdentity } from './instance-identity.ts';
import { instanceOptions } from './instance-options.ts';
import { instanceProfile } from './instance-profile.ts';
import { instanceRole } from './instance-role.ts';
import { linkLocal } from './link-local.ts';
import { localClock } from './local-clock.ts';
import { processes } from './processes.ts';
import { proxiedMetadata } from './proxied-metadata.ts';
import { proxySettings } from './proxy-settings.ts';
import { timeServers } from './time-servers.ts';

export const PROBES: readonly Probe[] = [
  imdsSettings,
  imdsToken,
  imdsTokenless,
  instanceRole,
  instanceProfile,
  instanceIdentity,
  imdsTraffic,
  timeServers,
  clockOffset,
  httpDate,
  localClock,
  host,
  proxySettings,
  proxiedMetadata,
  credentialChain,
  processes,
  callerIdentity,
  awsCli,
  linkLocal,
  imdsClients,
  stsEndpoint,
  cloudwatchEndpoint,
  instanceOptions,
] as readonly Probe[];
