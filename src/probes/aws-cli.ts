// Finds the AWS CLI on PATH and its version.
import type { Probe } from '../core/ports.ts';

export const awsCli: Probe<'aws-cli'> = {
  id: 'aws-cli',
  title: 'Finds the AWS CLI on PATH and its version',
  asks: 'host',
  observe: (ports, signal) => ports.chain.awsCli(signal),
};
