// One cycle of the IMDS client as a program of its own: prints what was seen, and when, as JSON. Arguments: the endpoint.
import { performance } from 'node:perf_hooks';
import { clientFor, wholeCycle } from './imds-client.ts';

const hand = clientFor(process.argv[2] ?? '', { timeoutMs: 1000, random: Math.random });
const started = performance.now();
hand.client.beginCycle();
const seen = await wholeCycle(hand);
const endedMs = performance.now() - started;
process.stdout.write(`${JSON.stringify({ ...seen, events: hand.events, endedMs })}\n`);
await hand.client.close();
