// What the agent tells about itself while it runs; the journal writes it down.
import type { Delivery } from './publishing.ts';
import type { Finding, Status } from './report.ts';

export type AgentEvent =
  | {
      readonly type: 'started';
      readonly version: string;
      readonly intervalSeconds: number;
      readonly endpoint: string;
    }
  | {
      readonly type: 'cycle';
      readonly status: Status;
      readonly durationMs: number;
      readonly marginSeconds: number | null;
      readonly offsetMs: number | null;
      readonly requests: number;
      /** Ids of the findings that stand. */
      readonly findings: readonly string[];
    }
  /** What IMDS answered instead, or that it did not, as it happens. `about` is the same as long as it goes on. */
  | { readonly type: 'imds'; readonly about: string; readonly detail: string }
  | { readonly type: 'raised' | 'changed' | 'cleared'; readonly finding: Finding }
  | { readonly type: 'published'; readonly delivery: Delivery }
  | { readonly type: 'publish-failed'; readonly delivery: Delivery }
  /** Something outside failed that no finding tells: a sink, a file. */
  | { readonly type: 'trouble'; readonly what: string; readonly detail: string }
  /** That trouble is over. */
  | { readonly type: 'recovered'; readonly what: string; readonly detail: string }
  /** SIGHUP: the configuration was read again and is in force. Names the settings that changed. */
  | { readonly type: 'reloaded'; readonly changed: readonly string[] }
  /** A defect of ours: the cycle failed, the agent goes on. */
  | { readonly type: 'defect'; readonly detail: string }
  | { readonly type: 'stopping'; readonly reason: string; readonly pending: number }
  | { readonly type: 'stopped'; readonly pending: number };

/** Takes an event; never throws, never waits. */
export type TellAgentEvent = (event: AgentEvent) => void;
