import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program under measurement. It says that it is ready by one line of JSON on its standard output. */
export class Child {
  readonly process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(argv: readonly string[]) {
    const [program = '', ...rest] = argv;
    this.process = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    const { stdout } = this.process;
    if (stdout === null) throw new Error('no standard output');
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error('the program did not start');
    return this.process.pid;
  }

  /** The next line of its output, as JSON. */
  async answer(): Promise<Record<string, unknown>> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`${this.process.spawnargs.join(' ')} ended without an answer`);
    return JSON.parse(line.value) as Record<string, unknown>; // our own programs
  }

  ask(line: string): Promise<Record<string, unknown>> {
    this.process.stdin?.write(`${line}\n`);
    return this.answer();
  }

  async end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill('SIGTERM');
    await once(this.process, 'exit');
  }
}
