import type { ExecResult } from '../../agent/kit/host/ports.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { parseStanzas } from '../../proto/contract/switch/parse-interfaces.js';
import type { ActuatorHost } from '../actuator/host.js';
import { actuatorPaths } from '../actuator/paths.js';

const PATHS = actuatorPaths('/state', '/etc/network/interfaces');

/** Thrown by whatever a dead process wants next. */
export const DEAD = new BrambleError('internal', 'this process is dead');

/**
 * A switch without hardware: its files, what the kernel has loaded, its ports' power. Processes come and go; one can be made to die
 * at its Nth touch of the world, before that touch or right after it.
 */
export class SimSwitch {
  readonly paths = PATHS;
  readonly files = new Map<string, string>();
  /** What ifreload loaded last. */
  loaded = '';
  nowMs = 1_000;
  bootId = 'boot-1';
  readonly power = new Map<string, 'on' | 'off'>();
  /** Longest time without power, by port. */
  readonly offSinceMs = new Map<string, number>();
  keeperStarts = 0;
  keeperFails = false;
  /** What programs answer instead of the usual; `undefined` = the usual. */
  onProgram: (argv: readonly string[]) => ExecResult | undefined = () => undefined;
  readonly ran: string[] = [];
  touches = 0;

  /** A process on it. `dieAt`: the touch at which it dies; `after`: once that touch has happened. */
  process({ dieAt, after = false }: { readonly dieAt?: number; readonly after?: boolean } = {}): ActuatorHost {
    let count = 0;
    let isDead = false;
    const touch = async <T>(act: () => T): Promise<T> => {
      await Promise.resolve();
      if (isDead) throw DEAD;
      count += 1;
      this.touches = count;
      if (count === dieAt) {
        isDead = true;
        if (after) act();
        throw DEAD;
      }
      return act();
    };
    return {
      paths: PATHS,
      bootId: this.bootId,
      clock: {
        nowMs: () => this.nowMs,
        monotonicMs: () => this.nowMs,
        sleep: (ms) =>
          touch(() => {
            this.nowMs += ms;
          }),
      },
      kernel: {
        readText: (path) => this.#flags(path),
        list: (path) => this.#list(path),
      },
      files: {
        readText: (path) => touch(() => this.files.get(path)),
        writeAtomic: (path, content) => touch(() => void this.files.set(path, String(content))),
        remove: (path) => touch(() => void this.files.delete(path)),
        openLog: () => Promise.reject(new BrambleError('unsupported', 'no logs here')),
      },
      exec: { run: (argv) => touch(() => this.#run(argv)) },
      keeper: {
        start: () =>
          touch(() => {
            if (this.keeperFails) throw new BrambleError('unavailable', 'no room for another process');
            this.keeperStarts += 1;
          }),
      },
    };
  }

  #list(path: string): readonly string[] {
    const prefix = `${path}/`;
    return [...this.files.keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  }

  #flags(path: string): string | undefined {
    const port = /^\/sys\/class\/net\/(\w+)\/flags$/.exec(path)?.[1];
    const power = port === undefined ? undefined : this.power.get(port);
    return power === undefined ? undefined : power === 'on' ? '0x1003\n' : '0x1002\n';
  }

  #run(argv: readonly string[]): ExecResult {
    this.ran.push(argv.join(' '));
    const own = this.onProgram(argv);
    if (own !== undefined) return own;
    const [program] = argv;
    if (program === 'ifreload') this.loaded = this.files.get(PATHS.interfaces) ?? '';
    if (program === 'ifquery') return { status: 0, stdout: this.#query(), stderr: '' };
    if (program === 'ip') this.#setPower(argv[4] ?? '', argv[5] === 'up');
    return { status: 0, stdout: '', stderr: '' };
  }

  #setPower(port: string, isOn: boolean): void {
    if (!this.power.has(port)) return;
    this.power.set(port, isOn ? 'on' : 'off');
    if (isOn) this.offSinceMs.delete(port);
    else this.offSinceMs.set(port, this.nowMs);
  }

  /** As ifquery answers: every interface of the live file, failed where the kernel has another. */
  #query(): string {
    const of = (text: string) => new Map(parseStanzas(text).map((stanza) => [stanza.name, JSON.stringify(stanza)]));
    const [live, loaded] = [of(this.files.get(PATHS.interfaces) ?? ''), of(this.loaded)];
    const rows = [...live].map(([name, text]) => ({
      name,
      config: {},
      config_status: {},
      status: loaded.get(name) === text ? 'pass' : 'fail',
    }));
    return JSON.stringify(rows);
  }
}
