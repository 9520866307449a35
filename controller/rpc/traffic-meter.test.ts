import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { siteId } from '../../proto/contract/ids.js';
import { TrafficMeter } from './traffic-meter.js';

const SITE = siteId('cam');

class FakeSocket extends EventEmitter {
  bytesRead = 0;
  bytesWritten = 0;
  remoteAddress = '192.0.2.7';
}

function open(meter: TrafficMeter, from: string): FakeSocket {
  const socket = new FakeSocket();
  meter.accepted(socket as unknown as Socket, from); // the members that a meter uses are all there
  return socket;
}

test('what a connection carried is told once, from its first byte on, as soon as it is known whose it is', () => {
  const meter = new TrafficMeter();
  const socket = open(meter, 'a:1');
  [socket.bytesRead, socket.bytesWritten] = [900, 2_000];
  expect(meter.take()).toEqual([]);
  meter.identified('a:1', SITE);
  const told = { site: SITE, address: '192.0.2.7' };
  expect(meter.take()).toEqual([{ ...told, receivedBytes: 900, sentBytes: 2_000 }]);
  expect(meter.take()).toEqual([]);
  socket.bytesRead += 50;
  expect(meter.take()).toEqual([{ ...told, receivedBytes: 50, sentBytes: 0 }]);
});

test('the last bytes of a connection that ended count, and then it is forgotten', () => {
  const meter = new TrafficMeter();
  const socket = open(meter, 'a:1');
  meter.identified('a:1', SITE);
  socket.bytesRead = 10;
  socket.emit('close');
  expect(meter.take()).toMatchObject([{ receivedBytes: 10 }]);
  socket.bytesRead = 20;
  expect(meter.take()).toEqual([]);
});

test('who never said who they are is charged to nobody, and an address that comes again is somebody new', () => {
  const meter = new TrafficMeter();
  const stranger = open(meter, 'a:1');
  stranger.bytesRead = 10;
  const member = open(meter, 'a:1');
  meter.identified('a:1', SITE);
  stranger.emit('close');
  member.bytesRead = 5;
  expect(meter.take()).toMatchObject([{ receivedBytes: 5 }]);
});
