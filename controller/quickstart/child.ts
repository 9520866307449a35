import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync, renameSync, statSync } from 'node:fs';
import { BrambleError } from '../../proto/contract/errors.js';

const BACKOFF_MS_MIN = 1_000;
const BACKOFF_MS_MAX = 30_000;
/** A child that ran this long is well again: the next pause is the shortest. */
const WELL_AFTER_MS = 60_000;
const LOG_BYTES_MAX = 10 * 1024 * 1024;
/** What is kept of stderr to explain a start that failed. */
const LAST_LINES_MAX = 20;

/** For a program that is one agent, as in the agent's unit: they keep it as small as it is on a Pi. */
export const AGENT_NODE_FLAGS = ['--lite-mode', '--expose-gc', '--max-semi-space-size=1', '--v8-pool-size=1'] as const;

export interface ChildOptions {
  /** What people know it by. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly logFile: string;
  /** How long it may take to end by itself after SIGTERM. */
  readonly stopMs: number;
  /** Told about everything that a person should know. */
  readonly say: (line: string) => void;
  /** Told after every change of the process id. */
  readonly onPid: () => void;
}

/**
 * A program that is kept running: when it ends without being asked to, that is said and it is started again after a
 * pause that doubles. It gets its own process group, so that Ctrl-C reaches us alone and we choose the order of the end.
 */
export class Child {
  readonly #options: ChildOptions;
  #process: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #isStopping = false;
  #backoffMs = BACKOFF_MS_MIN;
  #restart: NodeJS.Timeout | undefined;
  #lastLines: string[] = [];

  constructor(options: ChildOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /**
   * Starts it for the first time and resolves with the first line of its standard output.
   * @throws BrambleError with the program's own words when it ends before that
   */
  start(): Promise<string> {
    return new Promise((resolve, reject) => {
      let isUp = false;
      this.#spawn(
        (line) => {
          isUp = true;
          resolve(line);
        },
        (why) => {
          if (isUp) this.#restartLater(why);
          else reject(this.#startError(why));
        },
      );
    });
  }

  /** Starts it without waiting for a word of it. */
  launch(): void {
    this.#spawn(
      () => undefined,
      (why) => this.#restartLater(why),
    );
  }

  /** Asks it to end, and makes it end when it does not. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    this.#process?.kill('SIGTERM');
    const killer = setTimeout(() => {
      this.#options.say(`${this.#options.name} did not end within ${this.#options.stopMs / 1_000} s and was killed`);
      this.#process?.kill('SIGKILL');
    }, this.#options.stopMs);
    await this.#ended;
    clearTimeout(killer);
  }

  /** At once, for a person who cannot wait. */
  kill(): void {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    this.#process?.kill('SIGKILL');
  }

  #spawn(onFirstLine: (line: string) => void, onEnd: (why: string) => void): void {
    const { argv, logFile } = this.#options;
    if (existsSync(logFile) && statSync(logFile).size > LOG_BYTES_MAX) renameSync(logFile, `${logFile}.1`);
    const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
    log.on('error', () => undefined); // a full disk must not end what it was to describe
    this.#lastLines = [];
    const startedAtMs = performance.now();
    const child = spawn(process.execPath, [...argv], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#process = child;
    child.stderr.on('data', (chunk: Buffer) => {
      log.write(chunk);
      this.#lastLines.push(...chunk.toString('utf8').split('\n'));
      this.#lastLines = this.#lastLines.filter((line) => line !== '').slice(-LAST_LINES_MAX);
    });
    onFirstLineOf(child, onFirstLine);
    this.#ended = new Promise((resolve) => {
      let isOver = false;
      const over = (why: string): void => {
        if (isOver) return;
        isOver = true;
        this.#process = undefined;
        log.end();
        this.#options.onPid();
        if (performance.now() - startedAtMs > WELL_AFTER_MS) this.#backoffMs = BACKOFF_MS_MIN;
        onEnd(why);
        resolve();
      };
      child.once('error', (error) => {
        over(error.message);
      });
      child.once('close', (status, signal) => {
        over(signal === null ? `exit status ${status}` : `signal ${signal}`);
      });
    });
    this.#options.onPid();
  }

  #restartLater(why: string): void {
    if (this.#isStopping) return;
    const { name, say, logFile } = this.#options;
    const words = this.#lastWords();
    const reason = words === undefined ? why : `${why}: ${words}`;
    say(
      `${name} ended unexpectedly (${reason}); starting it again in ${this.#backoffMs / 1_000} s. Its log: ${logFile}`,
    );
    this.#restart = setTimeout(() => {
      this.launch();
    }, this.#backoffMs);
    this.#backoffMs = Math.min(BACKOFF_MS_MAX, this.#backoffMs * 2);
  }

  #startError(why: string): BrambleError {
    const { name, logFile } = this.#options;
    const words = this.#lastWords();
    if (words !== undefined) return new BrambleError('failed-precondition', words);
    return new BrambleError('failed-precondition', `${name} could not start (${why})`, {
      hint: `its log is ${logFile}`,
    });
  }

  /** Programs of ours end a failed start with one plain line, their name first; log lines are JSON. */
  #lastWords(): string | undefined {
    return this.#lastLines.find((line) => /^bramble-[a-z-]+: /.test(line))?.replace(/^bramble-[a-z-]+: /, '');
  }
}

function onFirstLineOf(child: ChildProcess, call: (line: string) => void): void {
  let text = '';
  let isFirst = true;
  child.stdout?.on('data', (chunk: Buffer) => {
    if (!isFirst) return;
    text += chunk.toString('utf8');
    const end = text.indexOf('\n');
    if (end < 0) return;
    isFirst = false;
    call(text.slice(0, end));
  });
}
