// A worker of the drill: takes one part after the other, and answers what came of it.
import { parentPort, workerData } from 'node:worker_threads';
import type { Recordings } from './alarm-drill.ts';
import { type DrillPart, type DrillSize, drillPart } from './drill-table.ts';

const { recordings, size } = workerData as { readonly recordings: Recordings; readonly size: DrillSize };

parentPort?.on('message', async (part: DrillPart) => {
  parentPort?.postMessage(await drillPart(recordings, size, part));
});
