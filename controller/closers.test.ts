import { expect, test } from 'vitest';
import { Closers } from './closers.js';

test('what was opened last is closed first, and a failure is told without stopping the rest', async () => {
  const closed: string[] = [];
  const told: unknown[] = [];
  const quiet = () => undefined;
  const closers = new Closers();
  closers.add('store', async () => closed.push('store'));
  closers.add('core', () => Promise.reject(new Error('stuck')));
  closers.add('web', async () => closed.push('web'));
  await closers.closeAll({ info: quiet, warn: quiet, error: (fields) => told.push(fields['part']) });
  expect([closed, told]).toEqual([['web', 'store'], ['core']]);
  await closers.closeAll({ info: quiet, warn: quiet, error: quiet });
  expect(closed).toEqual(['web', 'store']);
});
