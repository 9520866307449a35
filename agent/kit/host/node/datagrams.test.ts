import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeNodeDatagrams } from './datagrams.js';

const LOOPBACK = '127.0.0.1';
const other = { socket: createSocket('udp4'), port: 0 };

beforeEach(async () => {
  other.socket = createSocket('udp4');
  other.socket.bind(0, LOOPBACK);
  await once(other.socket, 'listening');
  other.port = other.socket.address().port;
});
afterEach(() => {
  other.socket.close();
});

test('a port that somebody else has is refused in words, and the end that comes later harms nothing', async () => {
  const ended = new AbortController();
  const listening = makeNodeDatagrams(LOOPBACK).listen(other.port, () => undefined, ended.signal);
  await expect(listening).rejects.toThrow(`UDP port ${other.port} cannot be listened on: bind EADDRINUSE`);
  expect(() => ended.abort()).not.toThrow();
});

test('what is sent arrives with its sender, until the end', async () => {
  const { port } = other;
  other.socket.close();
  await once(other.socket, 'close');
  other.socket = createSocket('udp4');
  const ended = new AbortController();
  const arrived = new Promise((resolve) => {
    const listening = makeNodeDatagrams(LOOPBACK).listen(port, resolve, ended.signal);
    // What is sent before the port is bound is lost, as on any network: it is sent until it arrives.
    const timer = setInterval(() => other.socket.send('<4>oops', port, LOOPBACK), 5);
    void listening.finally(() => clearInterval(timer));
  });
  expect(await arrived).toEqual({ from: LOOPBACK, text: '<4>oops' });
  ended.abort();
});
