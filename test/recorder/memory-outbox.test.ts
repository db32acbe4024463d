// The outbox in memory holds what every outbox has to.
import { describe } from 'vitest';
import { createMemoryOutbox } from '../../src/recorder/memory-outbox.ts';
import { holdsOutboxContract } from '../support/outbox-contract.ts';

describe('the outbox in memory', () => {
  holdsOutboxContract({ open: (maxBytes) => createMemoryOutbox({ maxBytes }) });
});
