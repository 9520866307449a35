import { BrambleError } from '../../../proto/contract/errors.js';
import { Secret } from '../../../proto/contract/secret.js';
import { NOW_MS } from '../../web/testing/fixtures.js';
import type { CliHost } from '../context.js';
import type { Probe } from '../doctor/probe.js';
import { runCli } from '../run.js';
import { HttpTransport } from '../transport.js';

/** No network beside the controller's two doors. */
const NOTHING_ELSE: Probe = {
  addressesOf: () => Promise.reject(new BrambleError('unavailable', 'there are no names here')),
  connect: () => Promise.resolve(),
  certificateOf: () => Promise.reject(new BrambleError('unavailable', 'there is no TLS here')),
  freeBytes: () => Promise.resolve(undefined),
};

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line as a user would type it, on a machine that has nothing but the administrator's socket. */
export async function runCommandLine(
  words: readonly string[],
  adminSocket: string,
  over: Partial<CliHost> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Outcome> {
  let [out, err, nowMs] = ['', '', 0];
  const host: CliHost = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    env: { BRAMBLE_SOCKET: adminSocket },
    clock: { nowMs: () => NOW_MS, monotonicMs: () => nowMs },
    // time passes only by sleeping
    sleep: async (ms) => {
      nowMs += ms;
    },
    exists: () => false,
    readSecretFile: () => new Secret('none'),
    askSecret: async () => new Secret('none'),
    readText: async () => '',
    save: () => Promise.reject(new Error('nothing is saved here')),
    readTextIfThere: () => undefined,
    saveConfig: () => Promise.reject(new Error('no config is saved here')),
    copyFolder: () => Promise.reject(new Error('no folder is copied here')),
    runController: () => Promise.reject(new Error('no controller is run here')),
    widthColumns: undefined,
    completionMsMax: 30_000, // a busy machine is no controller that is away
    errIsTerminal: false,
    userName: 'kim',
    connect: (where, actor) => new HttpTransport(where, actor),
    probe: NOTHING_ELSE,
    ...over,
  };
  const code = await runCli(words, host, signal);
  return { code, out, err };
}
