import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

/** A bramble that writes down what it was asked, so that the shell's own splitting and quoting is what is tried. */
const FAKE = `#!/bin/sh
printf '%s\\n' "$@" > "$BRAMBLE_ASKED"
printf '%s\\n' pi-01 pi-02
`;

let dir = '';

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'bramble-shells-'));
  mkdirSync(path.join(dir, 'bin'));
  writeFileSync(path.join(dir, 'bin', 'bramble'), FAKE, { mode: 0o755 });
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

function scriptFor(shell: string): string {
  const file = path.join(dir, `completion.${shell}`);
  writeFileSync(file, execFileSync(process.execPath, [path.resolve('dist/bramble.mjs'), 'completion', shell]));
  return file;
}

/** Runs a shell without its user's own files. */
function say(shell: string, argv: readonly string[]): string {
  const env = {
    PATH: `${path.join(dir, 'bin')}:${process.env['PATH'] ?? ''}`,
    ...{ HOME: dir, ZDOTDIR: dir, XDG_CONFIG_HOME: dir, TERM: 'dumb', BRAMBLE_ASKED: path.join(dir, 'asked') },
  };
  return execFileSync(shell, argv, { env, cwd: dir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

const ASKED = ['__complete', '--', 'node', 'reboot', 'pi'];

const asked = (): readonly string[] => readFileSync(path.join(dir, 'asked'), 'utf8').trimEnd().split('\n');

describe('completion in its own shell', () => {
  const { missing } = inject('debian');

  test('fish offers what bramble says for the words so far', (context) => {
    if (missing['fish'] !== undefined) return context.skip(missing['fish']);
    const script = scriptFor('fish');
    const said = say('/usr/bin/fish', ['--no-config', '-c', `source ${script}; complete -C 'bramble node reboot pi'`]);
    expect(said.trimEnd().split('\n')).toEqual(['pi-01', 'pi-02']);
    expect(asked()).toEqual(ASKED);
  });

  test('zsh offers what bramble says for the words so far', (context) => {
    if (missing['zsh'] !== undefined) return context.skip(missing['zsh']);
    const script = scriptFor('zsh');
    // compadd works inside of a completion alone: here it only tells what it was given.
    const program = `
      compdef() { print -r -- "compdef $*" }
      source ${script}
      compadd() { shift; print -rl -- "\${(@P)1}" }
      words=(bramble node reboot pi) CURRENT=4
      _bramble`;
    const said = say('/usr/bin/zsh', ['-f', '-c', program]).trimEnd().split('\n');
    expect(said).toEqual(['compdef _bramble bramble', 'pi-01', 'pi-02']);
    expect(asked()).toEqual(ASKED);
  });
});
