// A time server on loopback that answers as a test tells it to.
import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import {
  decodePacket,
  encodePacket,
  type NtpPacket,
  ntpFromUnixMs,
} from '../../../src/clients/sntp/packet.ts';

/** A good answer of a stratum 3 server, as a base for worse ones. */
export function aPacket(fields: Partial<NtpPacket> = {}): NtpPacket {
  const now = ntpFromUnixMs(Date.parse('2026-11-23T12:00:00Z'));
  return {
    leap: 0,
    version: 4,
    mode: 4,
    stratum: 3,
    poll: 6,
    precision: -24,
    rootDelayMs: 0,
    rootDispersionMs: 0,
    referenceId: 0xa9fe_a97b,
    referenceTime: now,
    originTime: 0n,
    receiveTime: now,
    transmitTime: now,
    ...fields,
  };
}

export const referenceId = (code: string): number => Buffer.from(code.padEnd(4, '\0')).readUInt32BE();

/** The answer to a question by a clock that is `offsetMs` ahead of this machine's. */
export function timeAnswer(question: NtpPacket, offsetMs = 0, fields: Partial<NtpPacket> = {}): Uint8Array {
  const now = ntpFromUnixMs(performance.timeOrigin + performance.now() + offsetMs);
  return encodePacket(
    aPacket({ originTime: question.transmitTime, receiveTime: now, transmitTime: now, ...fields }),
  );
}

export interface ScriptedServer {
  readonly host: string;
  readonly port: number;
  /** Every question, in order. */
  readonly questions: readonly NtpPacket[];
  close(): Promise<void>;
}

export interface Turn {
  readonly question: NtpPacket;
  /** 1 for the first question. */
  readonly turn: number;
  reply(bytes: Uint8Array): void;
}

/** Starts a server that hands every question to `onQuestion`, which replies now, later, twice or never. */
export async function startServer(
  onQuestion: (turn: Turn) => void,
  host = '127.0.0.1',
): Promise<ScriptedServer> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const questions: NtpPacket[] = [];
  let open = true;
  socket.on('message', (bytes, from) => {
    const question = decodePacket(bytes);
    if (question === null) throw new Error(`the client sent ${bytes.length} bytes`);
    questions.push(question);
    onQuestion({
      question,
      turn: questions.length,
      reply: (answer) => {
        if (open) socket.send(answer, from.port, from.address);
      },
    });
  });
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  return {
    host,
    port: (socket.address() as AddressInfo).port,
    questions,
    close: () => {
      open = false;
      return new Promise((resolve) => socket.close(() => resolve()));
    },
  };
}

/** A loopback port where nobody listens. */
export async function closedPort(): Promise<number> {
  const server = await startServer(() => {});
  await server.close();
  return server.port;
}
