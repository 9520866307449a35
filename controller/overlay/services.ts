import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { BrambleError } from '../../proto/contract/errors.js';
import type { OverlayServices } from '../usecases/overlay/ports.js';

const run = promisify(execFile);
const PROGRAM_MS_MAX = 30_000;
/** A gateway says goodbye to its clients before it ends. */
const END_MS_MAX = 8_000;
const START_AGAIN_MS = 1_000;
const SHAPE_EVERY_MS = 500;
const SHAPE_TRIES = 20;

/**
 * The gateway as a unit of systemd, which loads the rules for packets before its start and at its reload. The controller has
 * no rights of its own: a rule of polkit lets its user start this one unit.
 */
export function systemdServices(unit: string): OverlayServices {
  const systemctl = (verb: string): Promise<void> => command(['systemctl', verb, unit]);
  return {
    restartGateway: () => systemctl('restart'),
    reloadPolicy: () => systemctl('try-reload-or-restart'),
  };
}

export interface ChildGatewayOptions {
  readonly configPath: string;
  readonly policyPath: string;
  readonly shapingPath: string;
  readonly device: string;
  readonly logPath: string;
}

export interface ChildGateway extends OverlayServices {
  readonly pid: number | undefined;
  /** Ends the process and waits for it. */
  close(): Promise<void>;
}

/** The gateway as a child, for labs: as root, in the network that the controller is in. */
export function childGateway(options: ChildGatewayOptions): ChildGateway {
  return new Child(options);
}

class Child implements ChildGateway {
  readonly #options: ChildGatewayOptions;
  #process: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ChildGatewayOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  async restartGateway(): Promise<void> {
    await this.close(); // before the next one begins: an ending process removes the socket of its name
    await this.reloadPolicy();
    const log = await open(this.#options.logPath, 'a', 0o600);
    try {
      const stdio = ['ignore', log.fd, log.fd] as const;
      const child = spawn('openvpn', ['--config', this.#options.configPath], { shell: false, stdio: [...stdio] });
      child.on('error', () => undefined); // not there: the management socket does not answer, which is told
      child.on('exit', () => {
        if (this.#process === child) this.#startSoon();
      });
      this.#process = child;
      this.#shapeSoon();
    } finally {
      await log.close();
    }
  }

  /** As a service manager does with what ends by itself. */
  #startSoon(): void {
    this.#process = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.restartGateway().catch(() => {
        this.#startSoon(); // it is told where it is missed: at the management socket
      });
    }, START_AGAIN_MS);
  }

  async reloadPolicy(): Promise<void> {
    const { policyPath, shapingPath, device } = this.#options;
    await command(['nft', '-f', policyPath]);
    if (existsSync(`/sys/class/net/${device}`)) await this.#shape(shapingPath);
  }

  /** Where the kernel has no such queues packets go as they come: what agents and controller hold back is enough. */
  async #shape(shapingPath: string): Promise<void> {
    await command(['tc', '-force', '-batch', shapingPath]).catch(() => undefined);
  }

  /** As long as it takes OpenVPN to make its device, which begins without queues. */
  #shapeSoon(tries = SHAPE_TRIES): void {
    this.#timer = setTimeout(() => {
      if (existsSync(`/sys/class/net/${this.#options.device}`)) void this.#shape(this.#options.shapingPath);
      else if (tries > 1) this.#shapeSoon(tries - 1);
    }, SHAPE_EVERY_MS);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const over = once(child, 'exit');
    child.kill('SIGTERM');
    const patience = setTimeout(() => child.kill('SIGKILL'), END_MS_MAX);
    await over.finally(() => {
      clearTimeout(patience);
    });
  }
}

async function command([program, ...words]: readonly [string, ...string[]]): Promise<void> {
  try {
    await run(program, words, { timeout: PROGRAM_MS_MAX });
  } catch (cause) {
    const told = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim().split('\n')[0] : '';
    throw new BrambleError('unavailable', `${program} ${words[0] ?? ''} failed: ${told || String(cause)}`, {
      cause,
      hint: 'see the journal of the unit bramble-openvpn@0',
    });
  }
}
