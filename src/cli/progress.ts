// What happens while one waits, one line each, on standard error.

import { spokenMs } from '../core/duration.ts';
import type { ImdsPurpose } from '../core/imds.ts';
import type { ClientEvent } from '../core/ports.ts';
import type { World } from './world.ts';

const PURPOSES: Readonly<Record<ImdsPurpose, string>> = {
  token: 'request for a token',
  tokenless: 'request without a token',
  role: 'list of roles',
  credentials: 'credentials',
  'instance-profile': 'instance profile',
  identity: 'identity document',
  proxied: 'request through the proxy',
};

const answer = (got: number | string): string => (typeof got === 'number' ? `HTTP ${got}` : got);

/** The same for the same trouble, however often it is met. */
export const progressAbout = (event: ClientEvent): string =>
  `${event.type} ${event.purpose} ${'got' in event ? event.got : ''}`;

export function progressText(event: ClientEvent): string {
  const what = PURPOSES[event.purpose];
  switch (event.type) {
    case 'retry':
      return `IMDS, ${what}: ${answer(event.got)}; try ${event.attempt} of ${event.attempts}, again in ${spokenMs(event.waitMs)}`;
    case 'gave-up':
      return `IMDS, ${what}: ${answer(event.got)}; gave up after ${event.attempts === 1 ? 'one try' : `${event.attempts} tries`}`;
    case 'unanswered':
      return `IMDS, ${what}: no answer after ${spokenMs(event.afterMs)}; asking without a token to tell why`;
  }
}

/** Says on a terminal that it is still at work when a step takes over a second. */
export async function withPatience<T>(world: World, what: string, work: Promise<T>): Promise<T> {
  if (!world.terminal.stderrIsTerminal) return work;
  const timer = setTimeout(() => world.err(`imds-probe: ${what} …\n`), 1000);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
