import * as z from '../../agent/kit/form.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { parseStanzas } from '../../proto/contract/switch/parse-interfaces.js';
import type { ActuatorHost } from './host.js';

type On = Pick<ActuatorHost, 'exec'>;

/** A switch of 52 ports takes some seconds; under load, tens of them. */
const TIMEOUT_MS = 60_000;

/**
 * Whether ifupdown2 would take this file, by its own word: ifreload can only check the live file.
 * @throws BrambleError `failed-precondition` with its words
 */
export async function checkStaged({ exec }: On, path: string, signal: AbortSignal): Promise<void> {
  const { status, stdout, stderr } = await exec.run(['ifup', '-a', '-s', '-i', path], {
    signal,
    timeoutMs: TIMEOUT_MS,
  });
  if (status === 0) return;
  throw new BrambleError('failed-precondition', `ifupdown2 refuses the new file: ${wordsOf(stderr || stdout)}`);
}

/** @throws BrambleError `failed-precondition` with the words of ifreload */
export async function reload({ exec }: On, signal: AbortSignal): Promise<void> {
  const { status, stdout, stderr } = await exec.run(['ifreload', '-a'], { signal, timeoutMs: TIMEOUT_MS });
  if (status !== 0) throw new BrambleError('failed-precondition', `ifreload: ${wordsOf(stderr || stdout)}`);
}

/**
 * What the kernel has that the live file does not say, as sentences; empty when they agree.
 * @throws BrambleError `data-loss` when ifquery cannot be understood: then nobody knows
 */
export async function queryDrift(
  { exec, files, paths }: Pick<ActuatorHost, 'exec' | 'files' | 'paths'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { stdout, stderr } = await exec.run(['ifquery', '-a', '-c', '-o', 'json'], { signal, timeoutMs: TIMEOUT_MS });
  const text = await files.readText(paths.interfaces);
  return judgeQuery(stdout === '' ? stderr : stdout, text ?? '');
}

const INTERFACE = z.object({
  name: z.string(),
  status: z.optional(z.string()),
  config: z.optional(z.record(z.string(), z.unknown())),
  config_status: z.optional(z.record(z.string(), z.unknown())),
});
const INTERFACES = z.array(INTERFACE);
type Queried = z.infer<typeof INTERFACE>;

/**
 * Reads `ifquery -a -c -o json` against the file that it checked. One of its alarms is false: a trunk that takes no frames without
 * a tag "fails" while each of its options passes, because ifupdown2 misses a PVID that must not be there.
 * Source: ifupdown2 3.0.0, addons/bridge.py, "bridge pvid error"; seen on Linux 6.1.
 * @throws BrambleError `data-loss`
 */
export function judgeQuery(json: string, interfacesText: string): readonly string[] {
  const stanzas = new Map(parseStanzas(interfacesText).map((stanza) => [stanza.name, stanza]));
  const seen = parseQuery(json);
  const missing = [...stanzas.keys()].filter((name) => !seen.some((each) => each.name === name));
  const drifts = seen.flatMap((queried) => {
    if (queried.status !== 'fail') return [];
    const failed = failedOptions(queried);
    const takesNoUntagged = stanzas
      .get(queried.name)
      ?.options.some(([name, value]) => name === 'bridge-allow-untagged' && value === 'no');
    if (failed.length === 0 && takesNoUntagged === true && Object.keys(queried.config ?? {}).length > 0) return [];
    return [failed.length === 0 ? `${queried.name} is not as the file says` : `${queried.name}: ${failed.join(', ')}`];
  });
  return [...missing.map((name) => `${name} was not checked`), ...drifts];
}

function failedOptions({ config_status: status = {} }: Queried): readonly string[] {
  return Object.entries(status).flatMap(([name, verdicts]) => {
    const all: readonly unknown[] = Array.isArray(verdicts) ? verdicts : [verdicts];
    return all.includes('fail') ? [name] : [];
  });
}

function parseQuery(json: string): readonly Queried[] {
  try {
    return INTERFACES.parse(JSON.parse(json));
  } catch (cause) {
    throw new BrambleError('data-loss', 'ifquery printed something else than its JSON', { cause });
  }
}

function wordsOf(text: string): string {
  const words = text.trim().replaceAll(/\s+/g, ' ').slice(0, 300);
  return words === '' ? 'it said nothing' : words;
}
