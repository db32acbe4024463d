// What the commands may touch of the outside: handed in by `main`, so that every command runs in a test as well.
import type { Config } from '../config/config.ts';
import type { ConfigFile, ConfigLocation } from '../config/file.ts';
import type { AwsShared } from '../config/sources.ts';
import type { TellAgentEvent } from '../core/agent-event.ts';
import type { FlightRecorder, HistoryRead, Period } from '../core/history.ts';
import type { ClockPort, OnClientEvent, Ports, Sink } from '../core/ports.ts';
import type { Delivery, Outbox } from '../core/publishing.ts';
import type { Report } from '../core/report.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Terminal {
  /** Whether standard output is a terminal (colours, width), and standard error (progress). */
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  /** Columns of the terminal; 80 where there is none. */
  readonly columns: number;
}

export interface Publisher {
  readonly outbox: Outbox;
  /** Sends what waits, newest first, until done, put off or stopped by the signal. Never rejects. */
  flush(signal: AbortSignal): Promise<Delivery>;
  /** For the agent: flushes when it is due. */
  readonly sink: Sink;
  /** The last delivery, or null before the first. */
  last(): Delivery | null;
}

export interface PublisherOptions {
  /** What waits; left out, one in memory. */
  readonly outbox?: Outbox;
  /** The Region to publish to where no setting names one. */
  readonly region: () => string | null;
  /** Milliseconds the true time is ahead of the local clock, or null where it is unknown. */
  readonly clockCorrectionMs: () => number | null;
  /** Told of every delivery that the sink made. */
  readonly onDelivery?: (delivery: Delivery) => void;
}

/** Files, listeners and standard output that hear of every cycle. */
export interface Outlets {
  readonly sinks: readonly Sink[];
  /** `next` is the configuration that follows, null at the end: what it does not keep up to date is removed. */
  close(next: Config | null): Promise<void>;
}

/** How outlets show a report. */
export interface Renderers {
  status(report: Report): string;
  prometheus(report: Report): string;
  emf(report: Report): string;
}

/** Whoever started this process and watches it: systemd, or nobody. */
export interface Supervisor {
  readonly sinks: readonly Sink[];
  readonly tell: TellAgentEvent;
  /** The longest that can pass between two finished cycles. */
  reconfigured(cycleMs: number): void;
  reloading(): void;
  reloaded(): void;
  stopping(why: string): void;
  /** Resolves when it has heard everything. */
  idle(): Promise<void>;
}

export interface SupervisorOptions {
  readonly cycleMs: number;
  readonly summary: (report: Report) => string;
  readonly tell: TellAgentEvent;
}

/** The clients of one run, opened by its configuration. */
export interface Clients {
  readonly ports: Ports;
  /** Loads what sending metrics needs; a run that publishes nothing does not pay for it. */
  openPublisher(options: PublisherOptions): Promise<Publisher>;
  close(): Promise<void>;
}

export interface ClientsOptions {
  readonly config: Config;
  /** The environment in force: the shell's, or the box's empty one. */
  readonly env: Environment;
  /** True for `--simulate`: this machine's files and processes are left out. */
  readonly simulated: boolean;
  readonly onEvent: OnClientEvent;
}

export interface World {
  /** What stands behind the program's name. */
  readonly args: readonly string[];
  readonly version: string;
  readonly env: Environment;
  readonly terminal: Terminal;
  readonly clock: ClockPort;
  /** SIGTERM and SIGINT. */
  readonly stop: AbortSignal;
  out(text: string): void;
  err(text: string): void;
  readConfigFile(location: ConfigLocation): Promise<ConfigFile | null>;
  /** The AWS shared files of this user; null where there are none. */
  readAwsShared(env: Environment): AwsShared | null | Promise<AwsShared | null>;
  openClients(options: ClientsOptions): Promise<Clients>;
  openJournal(): Promise<TellAgentEvent>;
  openRecorder(dir: string, tell: TellAgentEvent): Promise<FlightRecorder>;
  openOutlets(config: Config, renderers: Renderers): Promise<Outlets>;
  openSupervisor(options: SupervisorOptions): Promise<Supervisor>;
  /** Calls it with each SIGHUP from now on. */
  onReload(listener: () => void): void;
  /** From 0 up to 1: so that a fleet does not act as one. */
  random(): number;
  /** What a recorder kept in this file. */
  readHistory(file: string, period: Period): Promise<HistoryRead>;
}

/** Exit codes beside those of a report: sysexits.h EX_USAGE and EX_SOFTWARE. */
export const EXIT_USAGE = 64;
export const EXIT_DEFECT = 70;
/** 128 + SIGINT, as shells say it. */
export const EXIT_INTERRUPTED = 130;
