// Everything the probes can see, by probe id. A probe's observation type is declared here and nowhere else.
import type { AwsCli, CallerIdentities, CredentialChain, ProcessCredentials } from './chain.ts';
import type { ClockOffset, HttpDateOffset, LocalClock, TimeServers } from './clock.ts';
import type { EndpointReach, InstanceOptions } from './endpoint.ts';
import type { HostState } from './host.ts';
import type {
  ImdsSettings,
  ImdsToken,
  ImdsTraffic,
  InstanceIdentity,
  InstanceProfile,
  InstanceRole,
  TokenlessAnswer,
} from './imds.ts';
import type { ImdsClients, LinkLocalDrops } from './link-local.ts';
import type { Outcome } from './outcome.ts';
import type { ProxiedMetadata, ProxySettings } from './proxy.ts';
import type { Delivery } from './publishing.ts';

/** No type in here has a field for a secret. */
export interface Observations {
  'imds-settings': ImdsSettings;
  'imds-token': ImdsToken;
  'imds-tokenless': TokenlessAnswer;
  'imds-traffic': ImdsTraffic;
  'instance-role': InstanceRole;
  'instance-profile': InstanceProfile;
  'instance-identity': InstanceIdentity;
  'time-servers': TimeServers;
  'clock-offset': ClockOffset;
  'http-date': HttpDateOffset;
  'local-clock': LocalClock;
  host: HostState;
  'cloudwatch-delivery': Delivery;
  'credential-chain': CredentialChain;
  processes: ProcessCredentials;
  'caller-identity': CallerIdentities;
  'aws-cli': AwsCli;
  'proxy-settings': ProxySettings;
  'proxied-metadata': ProxiedMetadata;
  'link-local': LinkLocalDrops;
  'imds-clients': ImdsClients;
  'sts-endpoint': EndpointReach;
  'cloudwatch-endpoint': EndpointReach;
  'instance-options': InstanceOptions;
}

export type ProbeId = keyof Observations;

/** What one cycle saw. A probe that did not run is absent. */
export type Snapshot = { readonly [K in ProbeId]?: Outcome<Observations[K]> };
