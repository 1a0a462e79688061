import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { ProcessGroup, Told } from '../../core/group.js';
import { LacunaError } from '../../spec/errors.js';
import { GroupLink } from './group-link.js';
import {
  GROUP_VERSION,
  type GroupMessage,
  MAX_GROUP_LINE,
  MAX_JOIN_LINE,
  MAX_QUIET_SECONDS,
} from './messages.js';

export interface GroupOptions {
  /** HOST:PORT where process 0 listens. */
  readonly coordinator: string;
  readonly processes: number;
  readonly process: number;
  /** Seconds until all must have come. @defaultValue 300 */
  readonly joinSeconds?: number;
}

/** Seconds of silence that end a group before it is watched: a process may read a long list, or train a tokenizer. */
const SILENT_BEFORE = 600;
/** The same once it is watched. */
const SILENT = 10;
const JOIN_SECONDS = 300;
const RETRY_MS = 100;
/** Connections of process 0 beside those of the group. */
const STRANGERS = 64;
/** Hosts that nobody else can reach. */
const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

const DONE: Told<boolean> = { name: 'done', parse: Boolean };

interface Gathering {
  readonly name: string;
  readonly values: Map<number, unknown>;
}
interface Waiting {
  readonly resolve: (values: readonly unknown[]) => void;
  readonly reject: (error: LacunaError) => void;
}

/**
 * Processes that agree over TCP: process 0 listens, the others connect to it, and each gives to every gathering what it
 * knows. A connection that ends, or is silent for 10 seconds (`quiet`: an hour), loses its process: all others are told within a moment, by
 * `lost`, with a sentence.
 *
 * Nobody is asked who they are, as nobody is by JAX or torchrun: the network between the machines of a cluster is
 * trusted. Whoever connects and does not join is dropped, within 10 seconds, and before it has said 4 KiB; process 0
 * takes 64 connections more than it waits for. It listens on all addresses of its machine, or, where the coordinator's
 * host is one that no other machine reaches, on that one alone.
 */
export class TcpGroup implements ProcessGroup {
  readonly size: number;
  readonly index: number;
  readonly #controller = new AbortController();
  /** Of process 0 to each other one; of another to process 0. */
  readonly #links = new Map<number, GroupLink>();
  readonly #gatherings = new Map<number, Gathering>();
  readonly #waiting = new Map<number, Waiting>();
  /** Seconds of silence that others have announced. */
  readonly #quiet = new Map<number, number>();
  #calls = 0;
  #silence = SILENT_BEFORE;
  #reason: LacunaError | undefined;
  #isDone = false;

  private constructor({ processes, process: index }: GroupOptions) {
    this.size = processes;
    this.index = index;
  }

  /** Waits until all processes have come. @throws LacunaError where they do not. */
  static async join(options: GroupOptions): Promise<TcpGroup> {
    const group = new TcpGroup(options);
    const [host, port] = addressOf(options.coordinator);
    const until = performance.now() + 1000 * (options.joinSeconds ?? JOIN_SECONDS);
    if (options.process === 0) await group.#listen(host, port, options, until);
    else await group.#connect(host, port, options, until);
    await group.gather({ name: 'joined', parse: Boolean }, true);
    return group;
  }

  /** Aborted when a process is lost, with the sentence as its reason. */
  get lost(): AbortSignal {
    return this.#controller.signal;
  }

  async gather<T>({ name, parse }: Told<T>, own: T): Promise<readonly T[]> {
    if (this.#reason !== undefined) throw this.#reason;
    const call = this.#calls++;
    const all = new Promise<readonly unknown[]>((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject });
    });
    if (this.index === 0) this.#given(0, { type: 'give', call, name, value: own });
    else this.#links.get(0)?.send({ type: 'give', call, name, value: own });
    return (await all).map((each) => parse(each));
  }

  async quiet<T>(work: () => Promise<T>): Promise<T> {
    const tell = (seconds: number): void => {
      for (const link of this.#links.values()) link.send({ type: 'quiet', seconds });
    };
    tell(MAX_QUIET_SECONDS);
    try {
      return await work();
    } finally {
      tell(0);
    }
  }

  /** From now on every process speaks at least once in 10 seconds, but where it is `quiet`. */
  watch(): void {
    this.#silence = SILENT;
  }

  /** Ends the group, for all: this process cannot go on. */
  fail(sentence: string): void {
    if (this.#isDone) return;
    this.#lose(`process ${this.index} of ${this.size} ended: ${sentence}`);
  }

  /**
   * Why the group ended, where it did or does within `seconds`: a process that was lost shows in what it computed with
   * others before its connection ends.
   */
  async reason(seconds: number): Promise<LacunaError | undefined> {
    const until = performance.now() + 1000 * seconds;
    while (this.#reason === undefined && performance.now() < until) await pause(20);
    return this.#reason;
  }

  /** Waits until all have come here, and lets go of each other. */
  async close(): Promise<void> {
    if (this.#reason !== undefined) return;
    await this.gather(DONE, true);
    this.#isDone = true;
    for (const link of this.#links.values()) link.close();
  }

  async #listen(host: string, port: number, options: GroupOptions, until: number): Promise<void> {
    const server = await listening(host, port, options.coordinator);
    server.maxConnections = this.size - 1 + STRANGERS;
    const strangers = new Set<Socket>();
    server.on('connection', (socket) => {
      strangers.add(socket);
      socket.once('close', () => strangers.delete(socket));
      this.#welcome(socket, () => strangers.delete(socket));
    });
    try {
      while (this.#links.size < this.size - 1) {
        if (this.#reason !== undefined) throw this.#reason;
        if (performance.now() > until) throw this.#missing(options);
        await pause(5);
      }
    } finally {
      server.close();
      for (const socket of strangers) socket.destroy();
    }
  }

  /** Takes in whoever says first that it joins; anybody else is dropped. */
  #welcome(socket: Socket, onJoin: () => void): void {
    let from: number | undefined;
    const link: GroupLink = new GroupLink(
      socket,
      {
        onMessage: (message) => {
          if (from !== undefined) return this.#hear(from, message);
          const { processes, process: number } = message.type === 'join' ? message : {};
          if (processes === undefined || number === undefined) return link.drop();
          const problem = this.#refusal(processes, number);
          if (problem !== undefined) {
            link.close({ type: 'lost', reason: problem });
            return this.#lose(problem);
          }
          from = number;
          onJoin();
          this.#links.set(from, link);
        },
        onEnd: (reason) => {
          if (from !== undefined) this.#gone(from, reason);
        },
      },
      () => (from === undefined ? SILENT : this.#patience(from)),
      () => (from === undefined ? MAX_JOIN_LINE : MAX_GROUP_LINE),
    );
  }

  #refusal(processes: number, number: number): string | undefined {
    if (processes !== this.size)
      return `process ${number} was told of ${processes} processes, process 0 of ${this.size}`;
    if (number === 0 || number >= this.size)
      return `a process says that it is process ${number} of ${this.size}, beside process 0`;
    if (this.#links.has(number))
      return `two processes say that they are process ${number} of ${this.size}`;
    return undefined;
  }

  async #connect(host: string, port: number, options: GroupOptions, until: number): Promise<void> {
    for (;;) {
      const socket = await connected(host, port, until).catch((error: Error) => error);
      if (!(socket instanceof Error)) {
        const link = new GroupLink(
          socket,
          {
            onMessage: (message) => this.#hear(0, message),
            onEnd: (reason) => this.#gone(0, reason),
          },
          () => this.#patience(0),
        );
        this.#links.set(0, link);
        const { processes, process: own } = options;
        link.send({ type: 'join', version: GROUP_VERSION, processes, process: own });
        return;
      }
      if (performance.now() > until) throw this.#unreachable(options, socket.message);
      await pause(RETRY_MS);
    }
  }

  /** Seconds that a process may say nothing. */
  #patience(process: number): number {
    return Math.max(this.#silence, this.#quiet.get(process) ?? 0);
  }

  #hear(from: number, message: GroupMessage): void {
    if (message.type === 'give' && this.index === 0) this.#given(from, message);
    else if (message.type === 'all' && this.index !== 0) this.#settle(message.call, message.values);
    else if (message.type === 'quiet') this.#quiet.set(from, message.seconds);
    else if (message.type === 'lost') this.#lose(message.reason);
    else if (message.type !== 'alive') this.#gone(from, 'it says what nobody asked for');
  }

  /** Of process 0: what one gave. */
  #given(from: number, { call, name, value }: Extract<GroupMessage, { type: 'give' }>): void {
    const gathering = this.#gatherings.get(call) ?? { name, values: new Map<number, unknown>() };
    this.#gatherings.set(call, gathering);
    if (gathering.name !== name) {
      this.#lose(
        `the processes are out of step: one asks about ${gathering.name}, process ${from} about ${name}`,
      );
      return;
    }
    gathering.values.set(from, value);
    if (gathering.values.size < this.size) return;
    this.#gatherings.delete(call);
    const values = Array.from({ length: this.size }, (_, each) => gathering.values.get(each));
    for (const link of this.#links.values()) link.send({ type: 'all', call, values });
    this.#settle(call, values);
  }

  #settle(call: number, values: readonly unknown[]): void {
    this.#waiting.get(call)?.resolve(values);
    this.#waiting.delete(call);
  }

  #gone(process: number, reason: string): void {
    if (!this.#isDone) this.#lose(`process ${process} of ${this.size} is lost: ${reason}`);
  }

  #lose(what: string): void {
    if (this.#reason !== undefined) return;
    // As long as a message may have it.
    const reason = what.slice(0, 10_000);
    const error = new LacunaError({
      what: 'the processes of this run end together',
      got: reason,
      fix: 'The last checkpoint is whole. Start all again with --resume and the run folder, with as many processes as you like.',
    });
    this.#reason = error;
    for (const link of this.#links.values()) link.close({ type: 'lost', reason });
    this.#controller.abort(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #missing({ joinSeconds = JOIN_SECONDS, coordinator }: GroupOptions): LacunaError {
    const absent = Array.from({ length: this.size - 1 }, (_, i) => i + 1);
    const names = absent.filter((each) => !this.#links.has(each));
    const error = new LacunaError({
      where: coordinator,
      what: 'not all processes have come',
      got: `no process ${names.slice(0, 8).join(', ')} of ${this.size} within ${joinSeconds} seconds`,
      fix: 'Start them all, each with its own --process.',
    });
    this.#lose(error.message);
    return error;
  }

  #unreachable(
    { joinSeconds = JOIN_SECONDS, coordinator }: GroupOptions,
    got: string,
  ): LacunaError {
    return new LacunaError({
      where: coordinator,
      what: `process 0 did not listen there within ${joinSeconds} seconds`,
      got,
      fix: 'Start process 0 on that machine, with the same --coordinator; a firewall must let its port through.',
    });
  }
}

/** Host and port of an address. @throws LacunaError for what is none. */
export function addressOf(address: string): [host: string, port: number] {
  const found = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address);
  const [, six, name = six, port] = found ?? [];
  if (name !== undefined && Number(port) >= 1 && Number(port) <= 65_535)
    return [name, Number(port)];
  throw new LacunaError({
    where: '--coordinator',
    what: 'this is no address',
    got: address,
    expected: 'HOST:PORT of process 0, for example node-0:7700 or [fd00::1]:7700',
  });
}

async function listening(host: string, port: number, where: string): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', ({ message }) =>
      reject(
        new LacunaError({
          where,
          what: 'process 0 cannot listen there',
          got: message,
          fix: 'Choose another port with --coordinator.',
        }),
      ),
    );
    if (LOOPBACK.test(host)) server.listen(port, host);
    else server.listen(port);
  });
  return server;
}

/** @param until On the clock of `performance`, in ms: a machine that does not answer is waited for no longer. */
async function connected(host: string, port: number, until: number): Promise<Socket> {
  const socket = connect({ host, port });
  const end = (): void => void socket.destroy(new Error('it does not answer'));
  const timer = setTimeout(end, Math.max(1, until - performance.now()));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
  } finally {
    clearTimeout(timer);
  }
  return socket;
}
