// What an instance in a box is like: its identity, credentials, clock and servers, as data that can be changed while it runs.

/** What a server sends back. A body left out with a status from 400 on becomes the server's own error page. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** An error in AWS's form; each protocol spells it its own way. */
export interface AwsError {
  readonly status: number;
  /** As the query protocol spells it, e.g. `ExpiredToken`. */
  readonly code: string;
  /** As JSON and CBOR spell it, with its namespace, e.g. `com.amazon.coral.service#ExpiredTokenException`. */
  readonly type: string;
  readonly message: string;
}

/** Something that goes wrong with a request. Of several, the first that matches and is not used up is taken. */
export interface Fault {
  /** Left out: any method. */
  readonly method?: 'GET' | 'PUT' | 'POST';
  /** The path without its query; with `*` at its end, whatever begins so. Left out: any path. */
  readonly path?: string;
  /** How many requests it spoils. Left out: every one. A HEAD, by which clients only see whether anybody answers, uses up none. */
  readonly times?: number;
  /** Waits this long before anything else happens. */
  readonly delayMs?: number;
  /** Sent in place of the true answer; the request is not carried out. */
  readonly answer?: Answer;
  /** The same for CloudWatch, STS and EC2, in the protocol of the request; IMDS sends its status only. */
  readonly error?: AwsError;
  /**
   * What the connection does.
   * - `hang`: the request is read, not carried out and never answered
   * - `swallow`: the request is carried out and never answered
   * - `reset`: the connection is cut by a TCP reset, the request not carried out
   * - `cut`: the request is carried out, and the connection closed in the middle of the answer's body
   */
  readonly wire?: 'hang' | 'swallow' | 'reset' | 'cut';
}

export interface ServerBehaviour {
  /** Nothing listens on the port; it stays ours, so nobody else can answer there. */
  readonly refused: boolean;
  readonly faults: readonly Fault[];
}

export interface Identity {
  readonly instanceId: string;
  readonly instanceType: string;
  readonly imageId: string;
  readonly architecture: string;
  readonly accountId: string;
  readonly region: string;
  readonly availabilityZone: string;
  readonly privateIp: string;
}

export interface Credentials {
  /** The role's name, or null where no instance profile is attached. */
  readonly role: string | null;
  /** What the role listing says, where that is not just the name: `name/`, or several lines. */
  readonly listing: string | null;
  /** `Success`, or why EC2 could not assume the role. */
  readonly code: string;
  /** Comes with any code but `Success`. */
  readonly message: string | null;
  /** Age of `LastUpdated` when the box starts, or when this is changed. */
  readonly updatedAgoSeconds: number;
  /** From `LastUpdated` to `Expiration`. */
  readonly validForSeconds: number;
  /** New ones appear this long after `LastUpdated`; null: never again. */
  readonly rotateEverySeconds: number | null;
}

export interface ImdsBehaviour extends ServerBehaviour {
  /** IMDSv1 is allowed: a request without a token is answered (`HttpTokens=optional`). */
  readonly tokensOptional: boolean;
  /** What EC2 says of `HttpPutResponseHopLimit`; on loopback no packet crosses a router. */
  readonly hopLimit: number;
  /** False: every answer closes its connection. */
  readonly keepAlive: boolean;
  /** Metadata paths below `/latest/` that are added or replaced; null takes one away. */
  readonly extraPaths: Readonly<Record<string, string | null>>;
}

export interface TimeServerBehaviour {
  /** Reads requests and never answers. */
  readonly silent: boolean;
  /** Leap indicator, 0–3. */
  readonly leap: number;
  readonly stratum: number;
  /** Four characters or an IPv4 address in dots. */
  readonly referenceId: string;
  readonly rootDelayMs: number;
  readonly rootDispersionMs: number;
  /** How much this server differs from the box's true time. */
  readonly offsetMs: number;
  /** The last word on a reply: changes it, or answers null to send none. */
  readonly rewrite: ((reply: Uint8Array, request: Uint8Array) => Uint8Array | null) | null;
}

export interface InstanceBehaviour {
  /** The box's true time minus the clock it was given. */
  readonly clockOffsetMs: number;
  readonly identity: Identity;
  readonly credentials: Credentials;
  readonly imds: ImdsBehaviour;
  readonly time: TimeServerBehaviour;
  readonly cloudwatch: ServerBehaviour;
  readonly sts: ServerBehaviour;
  readonly ec2: ServerBehaviour;
}

/** The parts of a behaviour that differ; whatever is left out stays as it was. */
export interface BehaviourChange {
  readonly clockOffsetMs?: number;
  readonly identity?: Partial<Identity>;
  readonly credentials?: Partial<Credentials>;
  readonly imds?: Partial<ImdsBehaviour>;
  readonly time?: Partial<TimeServerBehaviour>;
  readonly cloudwatch?: Partial<ServerBehaviour>;
  readonly sts?: Partial<ServerBehaviour>;
  readonly ec2?: Partial<ServerBehaviour>;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/**
 * An instance with nothing wrong: IMDSv2 required, a role whose credentials are fresh, a right clock.
 * Roles are valid for about 6 hours and renewed every hour (boto/botocore#2670).
 */
export const HEALTHY: InstanceBehaviour = {
  clockOffsetMs: 0,
  identity: {
    instanceId: 'i-0b0c5eed0b0c5eed0',
    instanceType: 'm7i.large',
    imageId: 'ami-0b0c5eed0b0c5eed0',
    architecture: 'x86_64',
    accountId: '123456789012',
    region: 'us-east-1',
    availabilityZone: 'us-east-1a',
    privateIp: '172.31.20.7',
  },
  credentials: {
    role: 'app-server',
    listing: null,
    code: 'Success',
    message: null,
    updatedAgoSeconds: 12 * MINUTE,
    validForSeconds: 6 * HOUR,
    rotateEverySeconds: HOUR,
  },
  imds: { refused: false, faults: [], tokensOptional: false, hopLimit: 1, keepAlive: true, extraPaths: {} },
  time: {
    silent: false,
    leap: 0,
    stratum: 3,
    referenceId: '169.254.169.122',
    rootDelayMs: 0.2,
    rootDispersionMs: 0.3,
    offsetMs: 0,
    rewrite: null,
  },
  cloudwatch: { refused: false, faults: [] },
  sts: { refused: false, faults: [] },
  ec2: { refused: false, faults: [] },
};

/** `base` with `change` laid over it. */
export function changed(base: InstanceBehaviour, change: BehaviourChange): InstanceBehaviour {
  return {
    clockOffsetMs: change.clockOffsetMs ?? base.clockOffsetMs,
    identity: { ...base.identity, ...change.identity },
    credentials: { ...base.credentials, ...change.credentials },
    imds: { ...base.imds, ...change.imds },
    time: { ...base.time, ...change.time },
    cloudwatch: { ...base.cloudwatch, ...change.cloudwatch },
    sts: { ...base.sts, ...change.sts },
    ec2: { ...base.ec2, ...change.ec2 },
  };
}
