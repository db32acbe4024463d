// An outbox for a single run that leaves nothing behind: bounded, the oldest give way.
import type { Outbox } from '../core/publishing.ts';
import { type BacklogLimits, createBacklog } from './backlog.ts';

/** Holds what CloudWatch has not accepted, in the order it was added. */
export function createMemoryOutbox(limits: BacklogLimits = {}): Outbox {
  return createBacklog(limits);
}
