import { inspect } from 'node:util';
import pino from 'pino';
import { expect, test } from 'vitest';
import { Secret } from './secret.js';

test('T-55: a secret is *** in every way there is to write it down', () => {
  const secret = new Secret('hunter2-hunter2');
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  log.info({ secret, nested: { deep: [secret] } }, `password ${secret}`);
  log.error({ err: new Error(`bad ${secret}`), ...{ secret } });
  const written = [
    ...lines,
    String(secret),
    `${secret}`,
    ['a', secret].join(' '),
    JSON.stringify({ secret, list: [secret] }),
    inspect(secret, { showHidden: true, depth: 9 }),
    inspect({ secret }, { customInspect: false, showHidden: true }),
    JSON.stringify(Object.entries(secret)),
    JSON.stringify({ ...secret }),
    JSON.stringify(structuredClone(secret)),
  ];
  for (const text of written) expect(text).not.toContain('hunter2');
  expect(lines.join('')).toContain('"secret":"***"');
  expect(secret.reveal()).toBe('hunter2-hunter2');
});
