// The instance in a box as a process of its own, so that what it costs is not counted with whoever asks it.
import { type BehaviourChange, changed, HEALTHY } from '../../src/simulator/behaviour.ts';
import { startInstance } from '../../src/simulator/instance.ts';

/** What the bench asks; each question is answered once. */
export type BoxQuestion =
  | { readonly ask: 'change'; readonly change: BehaviourChange }
  /** Counts from here on. */
  | { readonly ask: 'mark' }
  | { readonly ask: 'counts' }
  | { readonly ask: 'close' };

/** What has arrived since the last mark. */
export interface BoxCounts {
  readonly imdsRequests: number;
  readonly imdsTokens: number;
  readonly imdsConnections: number;
  readonly stsRequests: number;
  readonly cloudwatchRequests: number;
  readonly timeRequests: number;
  /** Epoch milliseconds when the first request was answered, or null. */
  readonly firstAnswerMs: number | null;
}

export interface BoxStarted {
  readonly environment: Readonly<Record<string, string>>;
}

let firstAnswerMs: number | null = null;
const box = await startInstance(
  {},
  {
    // Every answer carries a Date, which is taken from here.
    wallMs: () => {
      firstAnswerMs ??= performance.timeOrigin + performance.now();
      return Date.now();
    },
  },
);
let behaviour = HEALTHY;
let before = box.received();
let since = 0;

/** Of requests to IMDS the box keeps the latest 10,000; the other counts have no bound. */
function counts(): BoxCounts {
  const now = box.received();
  const requests = now.imdsRequests.slice(since);
  return {
    imdsRequests: requests.length,
    imdsTokens: requests.filter(({ method }) => method === 'PUT').length,
    imdsConnections: new Set(requests.map(({ connection }) => connection)).size,
    stsRequests: now.stsRequests - before.stsRequests,
    cloudwatchRequests: now.cloudwatchRequests - before.cloudwatchRequests,
    timeRequests: now.timeRequests - before.timeRequests,
    firstAnswerMs,
  };
}

async function answer(question: BoxQuestion): Promise<unknown> {
  switch (question.ask) {
    case 'change':
      behaviour = changed(HEALTHY, question.change);
      await box.change(behaviour);
      return null;
    case 'mark':
      before = box.received();
      since = before.imdsRequests.length;
      firstAnswerMs = null;
      return null;
    case 'counts':
      return counts();
    case 'close':
      await box.close();
      process.disconnect();
      return null;
  }
}

process.on('message', (question: BoxQuestion) => {
  void answer(question).then((told) => process.connected && process.send?.({ told }));
});
// Whoever asked is gone: by its own word, or because it was stopped.
process.on('disconnect', () => process.exit());
process.send?.({ environment: box.environment } satisfies BoxStarted);
