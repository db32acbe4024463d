// What presses on the metadata service from this machine: packets dropped on the way to it, and who talks to it.

/** Packets to link-local services that were dropped because a network interface sent more than it may. */
export interface LinkLocalDrops {
  /** Since the driver was loaded, over all interfaces that count; null where none does. */
  readonly total: number | null;
  /** Since the look before; null for the first one, and where nothing counts. */
  readonly growth: number | null;
  readonly interfaces: readonly { readonly name: string; readonly dropped: number }[];
  /** Why there is no number, or null. */
  readonly detail: string | null;
}

/** One TCP connection of this machine to the metadata service. */
export interface MetadataSocket {
  /** Our end of it, which tells connections apart. */
  readonly local: string;
  /** `closed`: ended within the last minute (TIME_WAIT), and nobody's any more. */
  readonly state: 'open' | 'opening' | 'closed';
  readonly pid: number | null;
  /** The program's name without its path; null where this user may not see whose it is. */
  readonly command: string | null;
  readonly uid: number;
}

export interface ImdsClient {
  readonly pid: number | null;
  readonly command: string | null;
  readonly uid: number;
  readonly connections: number;
}

/** Connections to the metadata service that other programs had while this cycle ran; their own namespace's are not seen. */
export interface ImdsClients {
  /** Open or being opened. */
  readonly open: number;
  readonly closed: number;
  /** The most connections first; bounded, those left off are counted in `more`. */
  readonly clients: readonly ImdsClient[];
  readonly more: number;
  /** What could not be seen, or null. */
  readonly detail: string | null;
}
