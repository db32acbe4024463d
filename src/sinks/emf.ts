// Prints each cycle's metrics in embedded metric format, for an agent that ships this program's standard output.
import type { Sink } from '../core/ports.ts';
import type { Report } from '../core/report.ts';

export interface EmfSinkOptions {
  readonly render: (report: Report) => string;
  readonly write: (line: string) => void;
  /** Bytes written and not yet taken by whoever reads. */
  readonly waiting: () => number;
}

/** A reader that stands still must not fill our memory: the outbox keeps the metrics anyway. */
const MAX_WAITING_BYTES = 1_000_000;

export function createEmfSink({ render, write, waiting }: EmfSinkOptions): Sink {
  return {
    name: 'emf',
    deliver: async (report) => {
      if (waiting() > MAX_WAITING_BYTES)
        throw new Error('nobody reads standard output; metrics of this cycle are not printed');
      const line = render(report);
      if (line !== '') write(line);
    },
  };
}
