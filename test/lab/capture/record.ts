import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderTree } from '../../fixtures/tree.js';
import type { CaptureSource } from './sources.js';

/** What was found on a machine. */
export interface Recording {
  /** Text by absolute path. */
  readonly files: Readonly<Record<string, string>>;
  /** What commands printed, by the name of the file that it goes to. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Of the machine: kernel, release, when, and versions of packages. */
  readonly facts: Readonly<Record<'kernel' | 'system' | 'date' | 'packages', string>>;
}

/** Begins a line that belongs to no recording. */
const MARK = '@@bramble-capture';

/**
 * A script for any POSIX shell with base64(1) that prints, encoded, what is asked for: "MARK KIND NAME", then the text, then
 * "MARK end STATUS". It changes nothing. One process for each file: emulated machines take long to make one. A file that
 * cannot be read (EINVAL is an answer too) and a command that is not installed are left out.
 */
export function captureScript({ files, commands, packages }: CaptureSource): string {
  const facts = [
    ['kernel', 'uname -srvm'],
    ['system', `timeout -s KILL 5 sed -n 's/^PRETTY_NAME="\\(.*\\)"$/\\1/p' /etc/os-release 2>/dev/null`],
    ['date', 'date -u +%Y-%m-%dT%H:%M:%SZ'],
    // nothing is looked for where nothing is asked for: a root over NFS may be gone
    ...(packages.length === 0
      ? []
      : ([['packages', `dpkg-query -W -f '\${Package} \${Version}\\n' ${packages.join(' ')} 2>/dev/null`]] as const)),
  ] as const;
  return `export LC_ALL=C
{
for each in ${files.join(' ')}; do
  [ -f "$each" ] || continue
  printf '${MARK} file %s\\n' "$each"
  cat "$each" 2>/dev/null
  printf '\\n${MARK} end %s\\n' $?
done
${facts.map(([name, command]) => part('fact', name, command)).join('\n')}
${Object.entries(commands)
  .map(([name, command]) => part('output', name, command))
  .join('\n')}
} | base64
`;
}

const part = (kind: string, name: string, command: string): string =>
  `printf '${MARK} ${kind} ${name}\\n'; { ${command}; } 2>&1; printf '\\n${MARK} end 0\\n'`;

/** @throws Error for what the script does not print */
export function parseCapture(encoded: string): Recording {
  const text = Buffer.from(encoded, 'base64').toString('latin1');
  const found: Record<string, Record<string, string>> = { file: {}, output: {}, fact: {} };
  const parts = text.matchAll(new RegExp(`^${MARK} (\\w+) (\\S+)\\n([^]*?)\\n${MARK} end (\\d+)\\n`, 'gm'));
  let readTo = 0;
  for (const { 0: whole, 1: kind = '', 2: name = '', 3: content = '', 4: status, index } of parts) {
    const into = found[kind];
    if (into === undefined || index !== readTo) break;
    readTo += whole.length;
    // One process stands for all that read this file of their own.
    if (status === '0') into[name.replace(/^\/proc\/1\//, '/proc/self/')] = content;
  }
  if (readTo === 0 || readTo !== text.length) throw new Error(`not a recording: ${text.slice(readTo, readTo + 80)}`);
  const { kernel = '', system = '', date = '', packages = '' } = found['fact'] ?? {};
  return {
    files: found['file'] ?? {},
    outputs: found['output'] ?? {},
    facts: { kernel: kernel.trim(), system: system.trim(), date: date.trim(), packages: packages.trim() },
  };
}

export interface RecordingNote {
  readonly what: string;
  /** Where it was recorded, in words, with what was done to it before. */
  readonly how: string;
}

/** Writes a fixture: tree.txt for what was in files, one file for each command, and SOURCE.md. */
export function writeRecording(recording: Recording, { what, how }: RecordingNote, dir: string): readonly string[] {
  const { files, outputs, facts } = recording;
  const texts: Record<string, string> = { ...outputs, 'SOURCE.md': '' };
  if (Object.keys(files).length > 0) texts['tree.txt'] = renderTree(files);
  const packages = facts.packages === '' ? '' : ` Packages: ${facts.packages.split('\n').join(', ')}.`;
  const [day = ''] = facts.date.split('T');
  const system = facts.system === '' ? '' : `System: ${facts.system}. `;
  texts['SOURCE.md'] = `Recorded on ${day}: ${what}. ${how}\n\n${system}Kernel: ${facts.kernel}.${packages}\n`;
  mkdirSync(dir, { recursive: true });
  for (const [name, text] of Object.entries(texts)) writeFileSync(path.join(dir, name), text, 'latin1');
  return Object.keys(texts).toSorted();
}
