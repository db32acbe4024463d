// The limits on what an instance may ask of its link-local services, and what shows that one was reached.

/**
 * EC2 User Guide, "Limits" of the Amazon DNS server: 1024 packets a second and network interface to all services that
 * use link-local addresses together: the resolver, the metadata service, time and Windows licence activation.
 */
export const LINK_LOCAL_PACKETS_PER_SECOND = 1024;

/**
 * EC2 User Guide, "Monitor network performance for ENA settings on your EC2 instance": packets dropped because the
 * traffic to local proxy services was more than the interface may send.
 */
export const LINK_LOCAL_COUNTER = 'linklocal_allowance_exceeded';

/**
 * So many connections of others at once make a burst of refused or cut connections their doing. The service's own
 * limit is not documented; programs that are well hold one or two.
 */
export const MANY_CONNECTIONS = 20;

export const LINK_LOCAL_PAGES = {
  limit: 'https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html#vpc-dns-limits',
  counter: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-network-performance-ena.html',
} as const;
