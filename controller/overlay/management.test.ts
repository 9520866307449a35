import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ManagementSocket, parseStatus, parseStrays } from './management.js';

/** As 2.6.14 says it. */
const STATUS = [
  ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info",
  'TITLE\tOpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO] [LZ4] [EPOLL] [PKCS11] [MH/PKTINFO] [AEAD] [DCO]',
  'TIME\t2026-11-21 18:11:52\t1795284712',
  'HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\tVirtual IPv6 Address\tBytes Received\tBytes Sent\tConnected Since\tConnected Since (time_t)\tUsername\tClient ID\tPeer ID\tData Channel Cipher',
  'CLIENT_LIST\tovpn-n-0000000000002\t198.51.100.2:59445\t\tfd42:b:1:201::2\t3124\t2885\t2026-11-21 18:11:51\t1795284711\tUNDEF\t1\t1\tCHACHA20-POLY1305',
  'CLIENT_LIST\tUNDEF\t198.51.100.9:1\t\t\t0\t0\t2026-11-21 18:11:51\t1795284711\tUNDEF\t2\t2\t',
  'ROUTING_TABLE\tfd42:b:1:201::/64\tovpn-n-0000000000002\t198.51.100.2:59445\t2026-11-21 18:11:51\t1795284711',
  'GLOBAL_STATS\tMax bcast/mcast queue length\t0',
  'END',
];
const TUNNEL = {
  ...{ clientId: 1, name: 'ovpn-n-0000000000002', remote: '198.51.100.2:59445' },
  ...{ receivedBytes: 3_124, sentBytes: 2_885, connectedAtMs: 1_795_284_711_000 },
};

/** A process that answers each line with what is given for it. */
async function answering(answers: Readonly<Record<string, string>>): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'bramble-management-'));
  const path = join(dir, 's');
  const server = createServer((socket) => {
    socket.on('data', (bytes) => {
      const answer = answers[bytes.toString().trim()];
      if (answer === undefined) socket.destroy();
      else socket.write(answer);
    });
    socket.on('error', () => undefined);
  });
  await new Promise<void>((done) => server.listen(path, done));
  onTestFinished(() => {
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return path;
}

test('clients that have shown who they are, with what they carried', () => {
  expect(parseStatus(STATUS)).toEqual([TUNNEL]);
});

test('packets from addresses that are not the client’s, and none of those that every link has', () => {
  const bad = (address: string): string =>
    `1795284712,,ovpn-n-0000000000002/198.51.100.2:59445 MULTI: bad source address from client [${address}], packet dropped`;
  const other = '1795284712,I,ovpn-n-0000000000002/198.51.100.2:59445 Data Channel: cipher';
  const lines = [other, bad('fe80::1c2:3ff'), bad('::'), bad('fd42:b:1:105::2'), 'END'];
  expect(parseStrays(lines)).toEqual([
    { name: 'ovpn-n-0000000000002', address: 'fd42:b:1:105::2', atMs: 1_795_284_712_000 },
  ]);
});

test('every prefix of an answer has no tunnel that is not there', () => {
  const text = STATUS.join('\n');
  for (let end = 0; end < text.length; end++) {
    for (const { name } of parseStatus(text.slice(0, end).split('\n'))) expect(TUNNEL.name).toContain(name);
  }
});

test('status and the end of a client are asked for over the socket', async () => {
  const asked = {
    'status 3': `${STATUS.join('\r\n')}\r\n`,
    'client-kill 7 HALT': 'SUCCESS: client-kill command succeeded\r\n',
  };
  const socket = new ManagementSocket(await answering(asked));
  expect(await socket.tunnels()).toEqual([TUNNEL]);
  await socket.end(7);
});

test('a client that is gone meanwhile is no failure', async () => {
  const socket = new ManagementSocket(
    await answering({ 'client-kill 9 HALT': 'ERROR: client-kill command failed\r\n' }),
  );
  await expect(socket.end(9)).resolves.toBeUndefined();
});

test('a process that is not there, or hangs up, does not answer', async () => {
  await expect(new ManagementSocket('/nowhere/s').tunnels()).rejects.toMatchObject({ code: 'unavailable' });
  const socket = new ManagementSocket(await answering({}));
  await expect(socket.tunnels()).rejects.toMatchObject({ code: 'unavailable' });
});
