import { expect, test } from 'vitest';
import type { Event } from '../../proto/gen/bramble/agent/v1/event.js';
import { Netconsole } from './netconsole.js';

const macOf = (address: string): string => (address === '10.46.189.2' ? 'b8:27:eb:aa:00:03' : '');

function setUp() {
  const told: NonNullable<Event['kind']>[] = [];
  return { told, netconsole: new Netconsole({ happened: (what) => told.push(what) }) };
}

test('lines of one sender are told together, without the head of extended netconsole', () => {
  const { told, netconsole } = setUp();
  netconsole.take({ from: '10.46.189.2', text: '4,1234,5678901,-;Kernel panic - not syncing: VFS\n' }, 0);
  netconsole.take({ from: '10.46.189.2', text: 'Rebooting in 10 seconds..\n' }, 10);
  netconsole.flush(macOf);
  netconsole.flush(macOf);
  const lines = ['Kernel panic - not syncing: VFS', 'Rebooting in 10 seconds..'];
  expect(told).toEqual([
    { $case: 'netconsoleLines', value: { address: '10.46.189.2', mac: 'b8:27:eb:aa:00:03', lines, droppedCount: 0 } },
  ]);
});

test('a flood is bounded and counted, and text that moves a cursor is made inert', () => {
  const { told, netconsole } = setUp();
  for (let line = 0; line < 100; line++)
    netconsole.take({ from: '10.46.189.2', text: `\u001b[2J${'x'.repeat(500)}` }, 0);
  netconsole.take({ from: '10.46.189.6', text: 'quiet' }, 0);
  netconsole.flush(macOf);
  const [flood, quiet] = told.map((what) => (what.$case === 'netconsoleLines' ? what.value : undefined));
  expect([flood?.lines.length, flood?.droppedCount, quiet?.lines]).toEqual([20, 80, ['quiet']]);
  expect(flood?.lines[0]).toMatch(/^\\u\{1b\}\[2Jx+…$/);
  expect(flood?.lines[0]?.length).toBe(200);
});

test('more senders than boards are not listened to', () => {
  const { told, netconsole } = setUp();
  for (let sender = 0; sender < 1_000; sender++)
    netconsole.take({ from: `10.0.${sender >> 8}.${sender & 255}`, text: 'x' }, 0);
  netconsole.flush(macOf);
  expect([told.length, netconsole.droppedCount]).toEqual([256, 744]);
});
