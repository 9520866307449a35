import { execFile } from 'node:child_process';

export interface ExecOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What the program reads. */
  readonly input?: string;
  readonly limitMs?: number;
}

const LIMIT_MS = 60_000;
const OUTPUT_BYTES_MAX = 256 * 2 ** 20;
const TAIL_CHARS = 2_000;

/** Runs a program to its end. @throws Error with the end of what it said on standard error */
export function exec(program: string, args: readonly string[], options: ExecOptions = {}): Promise<string> {
  const { cwd, env, input, limitMs = LIMIT_MS } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [...args],
      { cwd, env: { ...process.env, ...env }, timeout: limitMs, maxBuffer: OUTPUT_BYTES_MAX },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const why = error.killed === true ? `did not end within ${limitMs / 1_000} s` : error.message.split('\n', 1)[0];
        reject(new Error(`${program} ${args.join(' ')}: ${why}\n${stderr.slice(-TAIL_CHARS)}`));
      },
    );
    child.stdin?.on('error', () => undefined); // it ended without reading everything; its status says why
    child.stdin?.end(input);
  });
}
