/** What a node says of itself is text, in every output of every verb: security cases T-36, T-38 and T-70. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { EnrollmentView } from '../../proto/contract/api/fleet.js';
import { nodeId } from '../../proto/contract/ids.js';
import { by } from '../usecases/testing/by.js';
import { NODE_1, NOW_MS, nodeDetail } from '../web/testing/fixtures.js';
import { spelledOut } from './lookalike.js';
import { OUTPUT_FORMATS, renderData, renderJsonLine } from './output.js';
import { CliBench } from './testing/bench.js';

let bench: CliBench;

beforeEach(async () => {
  bench = await CliBench.start(await mkdtemp(join(tmpdir(), 'bramble-inert-')));
});
afterEach(() => bench.close());

const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/u;

const HOSTILE = {
  'a command substitution': '$(reboot)`reboot`;reboot|reboot&',
  'an option': '--output=/etc/passwd',
  'a NUL and a line break': 'a\u0000b\r\nERROR 2026 forged line',
  'a format': '%n%s%d{{7*7}}',
  'ten kilobytes': 'x'.repeat(10_000),
  'JSON in JSON': '","admin":true,"x":"\\u0022}]',
  'YAML in YAML': '"\n- &a !!js/function "x": *a\n---\n# ',
  'a formula': '=HYPERLINK("http://example.org","x")',
  'a terminal title and a cleared screen': '\u001b]0;owned\u0007\u001b[2J\u001b[H',
  'the clipboard': '\u001b]52;c;cm0gLXJmIC8=\u0007',
  'eight-bit controls': '\u009b2J\u0085\u0090',
  'text that runs backwards': '\u202eexe.gpj\u2066',
  'what cannot be seen': 'p\u200bi\u2060-\ufeff01\u{e0041}',
  'line and paragraph separators': 'a\u2028b\u2029c',
  'half a character': '\ud800 and \udc00',
} as const;

const ORDER = { action: { kind: 'diagnose' }, reason: 'x', validForMs: 1_000 } as const;

/** Every place where a node's own words can be. */
function put(text: string): void {
  const condition = { type: 'DiskSpaceLow', instance: text, status: 'true', severity: 'warning' } as const;
  bench.options.fleet.putNode(
    nodeDetail({
      ...{ name: text, why: text, model: text, serial: text, agentVersion: text, site: text, state: 'troubled' },
      labels: { rack: text },
      conditions: [{ ...condition, message: text, remedy: text, sinceMs: NOW_MS }],
      facts: [{ fact: 'os_text', instance: text, value: text }],
      maintenance: { scope: 'node', owner: text, reason: text, sinceMs: NOW_MS, untilMs: NOW_MS + 1 },
    }),
  );
  const event = { nodeId: NODE_1, nodeName: text, severity: 'info', reason: text, message: text } as const;
  bench.options.fleet.addEvent({ ...event, atMs: NOW_MS });
  const request: EnrollmentView = {
    ...{ fingerprint: 'ab'.repeat(32), words: text, site: text, kind: 'pi', hostname: text, model: text, serial: text },
    ...{ state: 'pending', why: text, firstAskedAtMs: 0, lastAskedAtMs: 0 },
  };
  bench.options.fleet.enrollments = async () => ({ items: [request], next: undefined });
}

const VERBS = ['get nodes', 'get enrolments', `describe node ${NODE_1}`, `why ${NODE_1}`, 'events', 'top', 'doctor'];

describe('T-38: no line is forged, no terminal is steered', () => {
  test.for(Object.entries(HOSTILE))('%s stays text in every verb and format', async ([, text]) => {
    put(text);
    for (const verb of VERBS) {
      for (const format of OUTPUT_FORMATS) {
        const { code, out, err } = await bench.run([...verb.split(' '), '-o', format], { widthColumns: undefined });
        expect(code, `${verb} -o ${format}: ${err}`).toBe(0);
        expect(out.replaceAll('\n', ''), `${verb} -o ${format}`).not.toMatch(HIDDEN);
        expect(out, `${verb} -o ${format}`).not.toMatch(/^ERROR 2026/m);
      }
    }
  });

  test.for(Object.entries(HOSTILE))('%s comes back unharmed from JSON and YAML', async ([, text]) => {
    put(text);
    const json: unknown = JSON.parse((await bench.run(['get', 'nodes', '-o', 'json'])).out);
    expect(json).toMatchObject({ nodes: [{ name: text, labels: { rack: text } }] });
    expect(parse((await bench.run(['get', 'nodes', '-o', 'yaml'])).out)).toEqual(json);
  });

  test('each node is one line of a table, and each event one line of a stream', async () => {
    put(HOSTILE['a NUL and a line break']);
    expect((await bench.run(['get', 'nodes'])).out.trimEnd().split('\n')).toHaveLength(2);
    expect((await bench.run(['events'])).out.trimEnd().split('\n')).toHaveLength(2);
  });

  test('an error that repeats a node’s words does so inertly, in words and as the envelope', async () => {
    const name = HOSTILE['a terminal title and a cleared screen'];
    put(name);
    for (const format of ['table', 'json']) {
      const { code, out, err } = await bench.run(['node', 'reboot', NODE_1, '-o', format]);
      expect({ code, out }).toEqual({ code: 6, out: '' });
      expect(err.replaceAll('\n', '')).not.toMatch(HIDDEN);
    }
  });
});

describe('T-36: a name is never more than a name', () => {
  test('what a shell could read as more is not offered for completion', async () => {
    for (const text of Object.values(HOSTILE)) {
      put(text);
      const { out } = await bench.run(['__complete', '--', 'why', '']);
      expect(out.replaceAll('\n', '')).toMatch(/^[A-Za-z0-9._-]*$/);
    }
  });

  test('the file that diagnostics are saved to is in this folder, whatever the node calls itself', async () => {
    put('../../etc/cron.d/x;$(reboot)');
    const saved: string[] = [];
    const save = async (path: string): Promise<void> => {
      saved.push(path);
    };
    const { fleet } = bench.options;
    const issued = await fleet.issueCommand(nodeId(NODE_1), ORDER, by('kim'));
    fleet.command = async () => ({ ...issued, ...ORDER, state: 'succeeded' });
    await bench.run(['node', 'diagnostics', NODE_1], { save });
    expect(saved).toEqual([expect.stringMatching(/^[A-Za-z0-9_-]+-diagnostics-\d{8}T\d{6}Z\.tar\.gz$/)]);
  });
});

describe('T-70: nothing passes for something else', () => {
  test('what is confirmed must be the name itself, and the question shows id, site and foreign letters', async () => {
    const cyrillic = 'p\u0456-01';
    bench.options.fleet.putNode(nodeDetail({ name: cyrillic }));
    const latin = await bench.run(['node', 'revoke', NODE_1, '--reason', 'x', '--confirm=pi-01']);
    expect(latin).toMatchObject({ code: 6, out: '' });
    expect(latin.err).toContain(`${cyrillic} (not ASCII: U+0456) (${NODE_1}, site cam)`);
    expect(bench.options.fleet.calls).toEqual([]);
  });

  test('a letter that looks like another is spelled out where people decide', async () => {
    put('p\u0456-01');
    expect((await bench.run(['get', 'enrolments'])).out).toContain('(not ASCII: U+0456)');
    expect((await bench.run(['get', 'nodes'])).out).toContain('(not ASCII: U+0456)');
  });

  test('a name that cannot be seen differs from the one that can', async () => {
    bench.options.fleet.putNode(nodeDetail({ name: 'pi\u200b-01' }));
    const { code, err } = await bench.run(['node', 'reboot', NODE_1, '--confirm=pi-01']);
    expect([code, err]).toEqual([6, expect.stringContaining('pi\\u{200b}-01')]);
  });

  test('a node that is called like all of them is one node', async () => {
    bench.options.fleet.putNode(nodeDetail({ name: 'prod-all' }));
    const { err } = await bench.run(['node', 'reboot', 'prod-all']);
    expect(err).toContain(`reboot prod-all (${NODE_1}, site cam)`);
  });

  test('names of hosts are left as they are', () => {
    expect(spelledOut('pi-01.example')).toBe('pi-01.example');
    expect(spelledOut(`${'п'.repeat(40)}рабвгдежз`)).toMatch(/^.{49} \(not ASCII: (U\+04[0-9A-F]{2} ?){8}\)$/);
  });
});

test('any data comes back from YAML and JSON as it was, without a hidden character on the way', () => {
  const word = fc.string({ unit: 'binary', maxLength: 12 });
  const data = fc.object({ key: word, values: [word, fc.integer(), fc.boolean(), fc.constant(null)], maxDepth: 3 });
  fc.assert(
    fc.property(data, (given) => {
      // What HTTP delivers: JSON, so no -0 and no prototype.
      const value: unknown = JSON.parse(JSON.stringify(given));
      for (const text of [renderData(value, 'json'), renderJsonLine(value), renderData(value, 'yaml')]) {
        expect(text.replaceAll('\n', '')).not.toMatch(HIDDEN);
        expect(parse(text)).toEqual(value);
      }
    }),
    { numRuns: 300 },
  );
});
