import { expect, test } from 'vitest';
import { recorded } from '../../test/fixtures/index.js';
import { type BootLine, parseBootLine } from './log-line.js';

function words(line: BootLine): string {
  switch (line.kind) {
    case 'dhcp':
      return `${line.message} ${line.interfaceName} ${line.mac} ${line.address}${line.otherServer ? ' other server' : ''}`;
    case 'vendor-class':
      return `vendor class ${line.text}`;
    case 'file':
      return `${line.outcome} ${line.address} ${line.path.slice(0, 40)}`;
    case 'refused':
      return `refused ${line.address}`;
    case 'mount':
      return `mount ${line.address} ${line.path}`;
  }
}

const linesOf = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => {
    const parsed = parseBootLine(line);
    return parsed === undefined ? [] : [words(parsed.line)];
  });

for (const { name, input, expected } of recorded<readonly string[]>('dnsmasq-log')) {
  test(`reads what dnsmasq wrote: ${name}`, () => {
    expect(linesOf(input)).toEqual(expected);
  });
}

const AT = 'Nov  1 03:04:05';
const STAMP = { year: undefined, month: 11, day: 1, hour: 3, minute: 4, second: 5 };

test.for<[string, string, object]>([
  ['a stamp of its own file', `${AT} dnsmasq-tftp[1]: sent /srv/tftp/x to 10.0.0.2`, STAMP],
  ['a stamp of syslog with a host', `${AT} fs-1 dnsmasq-tftp[1]: sent /srv/tftp/x to 10.0.0.2`, STAMP],
  [
    'a stamp with a year',
    '2026-11-01T03:04:05.123456+01:00 fs-1 dnsmasq-tftp[1]: sent /srv/tftp/x to 10.0.0.2',
    { ...STAMP, year: 2026 },
  ],
])('reads %s', ([, line, stamp]) => {
  expect(parseBootLine(line)).toMatchObject({
    head: { stamp },
    line: { kind: 'file', outcome: 'sent', path: '/srv/tftp/x', address: '10.0.0.2' },
  });
});

test('reads what rpc.mountd says of a mount', () => {
  const line = `${AT} fs-1 rpc.mountd[812]: authenticated mount request from 10.46.189.2:767 for /export/10.46.189.2 (/export/10.46.189.2)`;
  expect(parseBootLine(line)?.line).toEqual({ kind: 'mount', address: '10.46.189.2', path: '/export/10.46.189.2' });
});

test.for([
  [
    'a name that looks like an answer to somebody else',
    `${AT} dnsmasq-tftp[1]: file /srv/tftp/x to 10.46.189.6 not found for 10.46.189.2`,
    '10.46.189.2',
  ],
  [
    'a name that looks like another line',
    `${AT} dnsmasq-tftp[1]: file /srv/tftp/x${AT} dnsmasq-tftp[1]: sent /srv/tftp/bb000004/cmdline.txt to 10.46.189.6 not found for 10.46.189.2`,
    '10.46.189.2',
  ],
] as const)('is not misled by %s', ([, line, address]) => {
  expect(parseBootLine(line)?.line).toMatchObject({ kind: 'file', outcome: 'not-found', address });
});

test('a host name that a client made up says nothing', () => {
  const line = `${AT} dnsmasq-dhcp[1]: DHCPACK(eth0.10) 10.46.189.2 b8:27:eb:aa:00:03 DHCPNAK(eth0.11) wrong server-ID`;
  expect(parseBootLine(line)?.line).toMatchObject({ message: 'ack', interfaceName: 'eth0.10', otherServer: false });
});
