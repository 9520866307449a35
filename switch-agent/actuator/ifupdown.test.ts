import { expect, test } from 'vitest';
import { judgeQuery } from './ifupdown.js';

const FILE = `auto swp1
iface swp1
    bridge-access 11

auto swp3
iface swp3
    bridge-vids 11 12
    bridge-allow-untagged no
`;
const port = (config: Readonly<Record<string, string>>, status: string, name = 'swp1') => ({
  name,
  status,
  config: Object.fromEntries(Object.keys(config).map((each) => [each, '1'])),
  config_status: config,
});
const trunk = (config: Readonly<Record<string, string>> = { 'bridge-vids': 'pass' }) => port(config, 'fail', 'swp3');
const good = port({ 'bridge-access': 'pass' }, 'pass');

test('the one false alarm of ifquery is known: a trunk that takes no frames without a tag', () => {
  expect(judgeQuery(JSON.stringify([good, trunk()]), FILE)).toEqual([]);
});

test.for<[string, readonly unknown[], readonly string[]]>([
  ['a trunk with a wrong VLAN', [good, trunk({ 'bridge-vids': 'fail' })], ['swp3: bridge-vids']],
  ['a trunk that is not there at all', [good, trunk({})], ['swp3 is not as the file says']],
  [
    'an access port that fails without saying why',
    [port({ 'bridge-access': 'pass' }, 'fail'), trunk()],
    ['swp1 is not as the file says'],
  ],
  ['an access port in another VLAN', [port({ 'bridge-access': 'fail' }, 'fail'), trunk()], ['swp1: bridge-access']],
  ['a port that was not looked at', [trunk()], ['swp1 was not checked']],
])('%s is drift', ([, answer, want]) => {
  expect(judgeQuery(JSON.stringify(answer), FILE)).toEqual(want);
});

test('what is no answer is no agreement', () => {
  for (const answer of ['', 'error: another instance runs', '{}', '[{"status":"pass"}]', '[{"name":"swp1"']) {
    expect(() => judgeQuery(answer, FILE)).toThrow(expect.objectContaining({ code: 'data-loss' }));
  }
});
