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

/**
 * A script for any POSIX shell with base64(1) that prints what is asked for, one thing a line: "KIND NAME BASE64". It changes
 * nothing. A file that cannot be read (EINVAL is an answer too) and a command that is not installed are left out.
 */
export function captureScript({ files, commands, packages }: CaptureSource): string {
  const given = [
    ['kernel', 'uname -srvm'],
    ['system', `timeout -s KILL 5 sed -n 's/^PRETTY_NAME="\\(.*\\)"$/\\1/p' /etc/os-release 2>/dev/null`],
    ['date', 'date -u +%Y-%m-%dT%H:%M:%SZ'],
    // nothing is looked for where nothing is asked for: a root over NFS may be gone
    [
      'packages',
      packages.length === 0
        ? 'true'
        : `dpkg-query -W -f '\${Package} \${Version}\\n' ${packages.join(' ')} 2>/dev/null`,
    ],
  ] as const;
  return `export LC_ALL=C
code() { base64 | tr -d '\\n'; }
file() {
  text=$(cat "$1" 2>/dev/null && echo .) || return 0
  printf 'file %s %s\\n' "$1" "$(printf %s "\${text%.}" | code)"
}
for each in ${files.join(' ')}; do [ -f "$each" ] && file "$each"; done
${given.map(([name, command]) => line('fact', name, command)).join('\n')}
${Object.entries(commands)
  .map(([name, command]) => line('output', name, command))
  .join('\n')}
`;
}

const line = (kind: string, name: string, command: string): string =>
  `printf '${kind} ${name} %s\\n' "$({ ${command}; } 2>&1 | code)"`;

/** @throws Error for a line that the script does not print */
export function parseCapture(text: string): Recording {
  const found: Record<string, Record<string, string>> = { file: {}, output: {}, fact: {} };
  for (const row of text.split('\n').filter((each) => each !== '')) {
    const [kind = '', name, base64 = ''] = row.split(' ');
    const into = found[kind];
    if (into === undefined || name === undefined) throw new Error(`not of a recording: ${row.slice(0, 80)}`);
    // One process stands for all that read this file of their own.
    into[name.replace(/^\/proc\/1\//, '/proc/self/')] = Buffer.from(base64, 'base64').toString('latin1');
  }
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
