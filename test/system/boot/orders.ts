// Where the guest finds its instance's services, and what a test may ask of them.
import type { BehaviourChange } from '../../../src/simulator/behaviour.ts';
import type { Received } from '../../../src/simulator/instance.ts';

export const IMDS_ADDRESS = '169.254.169.254';
export const TIME_ADDRESS = '169.254.169.123';
/** Where CloudWatch, STS, S3 and the files are. */
export const AWS_ADDRESS = '10.99.0.10';
/** Names by which the guest finds AWS: the simulated instance's Region. */
export const AWS_NAMES = [
  'monitoring.us-east-1.amazonaws.com',
  'sts.us-east-1.amazonaws.com',
  'example-bucket.s3.us-east-1.amazonaws.com',
] as const;

/** What the parent may say. */
export type Order =
  | { readonly id: number; readonly order: 'received' }
  | { readonly id: number; readonly order: 'change'; readonly change: BehaviourChange };
export interface Told {
  /** Of the order; 0 when all is listening. */
  readonly id: number;
  readonly received: Pick<Received, 'metrics' | 'cloudwatchRequests' | 'timeRequests'>;
}
