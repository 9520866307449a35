import { expect, test } from 'vitest';
import { VERSION } from '../../proto/contract/build.js';
import { agentMain } from './agent-main.js';
import { hostCollectors } from './collectors/index.js';
import type { AgentProgram } from './program/agent-program.js';
import type { ProgramIo } from './program/program-io.js';

const PROGRAM: AgentProgram = {
  kind: 'pi',
  name: 'bramble-agent',
  configPath: '/etc/bramble/agent.yaml',
  stateDir: '/var/lib/bramble-agent',
  collectors: (probe, { otherRoot }) => hostCollectors(probe, otherRoot),
  handlers: () => ({}),
};

async function call(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ['', ''];
  const io: ProgramIo = {
    args,
    environment: {},
    out: (text) => {
      out += text;
    },
    error: (text) => {
      error += text;
    },
    stopSignal: () => new AbortController().signal,
    onCrash: () => undefined,
    readSettings: () => Promise.resolve(undefined),
  };
  const code = await agentMain(PROGRAM, io);
  return { code, out, error };
}

test('says its version and how it is used', async () => {
  expect(await call('--version')).toEqual({ code: 0, out: `bramble-agent ${VERSION}\n`, error: '' });
  expect((await call('--help')).out).toContain('usage: bramble-agent COMMAND');
});

test('an unknown option ends with 2, the reason and the usage', async () => {
  const { code, out, error } = await call('run', '--confg', '/a');
  expect([code, out]).toEqual([2, '']);
  expect(error).toContain('bramble-agent: unknown option --confg\n\nusage: ');
});

test('a program without a mailbox says so', async () => {
  expect(await call('mailbox')).toMatchObject({ code: 1, error: 'bramble-agent: bramble-agent has no mailbox\n' });
});

test('a missing configuration ends with 1 and says what to do', async () => {
  const { code, error } = await call('run');
  expect(code).toBe(1);
  expect(error).toBe(
    'bramble-agent: there is no configuration at /etc/bramble/agent.yaml\n' +
      '  name another with --config, or copy the example that comes with the package\n',
  );
});

test('a report of this machine holds what its kernel says, and nothing that only a running agent has', async () => {
  const { code, out } = await call('report', '-o', 'json');
  expect(code).toBe(0);
  const report = JSON.parse(out) as { facts: { fact: string; value: unknown }[]; collectors: { state: string }[] };
  const facts = new Map(report.facts.map(({ fact, value }) => [fact, value]));
  expect(facts.get('cpu_cores_count')).toBeGreaterThan(0);
  expect(facts.get('memory_total_bytes')).toBeGreaterThan(2 ** 25);
  expect(facts.get('kernel_release_text')).toMatch(/^\d+\.\d+/);
  expect([...facts.keys()].filter((fact) => fact.startsWith('agent_'))).toEqual([]);
  expect(report.collectors.map(({ state }) => state)).not.toContain('failed');
});

test('a host root that does not exist is an error, not an empty report', async () => {
  const { code, error, out } = await call('report', '--host-root', '/nonexistent');
  expect([code, out]).toEqual([1, '']);
  expect(error).toContain('there is no directory /nonexistent');
});
