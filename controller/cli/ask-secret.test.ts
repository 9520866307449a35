import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { pipedLine } from './ask-secret.js';

const never = new AbortController().signal;

test('each question gets its own line of a pipe, however the pipe cuts them', async () => {
  for (const chunks of [['old one\nnew one\n'], ['old', ' one\r\nnew', ' one']]) {
    const pipe = new PassThrough();
    for (const chunk of chunks) pipe.write(chunk);
    pipe.end();
    expect([await pipedLine(pipe, never), await pipedLine(pipe, never)]).toEqual(['old one', 'new one']);
    expect(await pipedLine(pipe, never)).toBeUndefined();
  }
});

test('an interruption ends the wait', async () => {
  const stop = new AbortController();
  const line = pipedLine(new PassThrough(), stop.signal);
  stop.abort();
  await expect(line).rejects.toMatchObject({ code: 'cancelled' });
});
