import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sourceFiles } from './source-files.js';

/** Programs of people, and of one machine's own use: they ask a controller, they are none. */
const NOT_THE_CONTROLLER = /^controller\/(?:cli|dashboard|quickstart)\//;
const MAY_DIAL = new Set([
  // Tells of incidents whom the configuration names, and follows no redirect.
  'controller/alerts/http-post.ts',
  // Asks its own Unix socket in the data directory whether another controller is there.
  'controller/data-lock.ts',
  // What its own configuration names, with a body of names that were checked; no redirect is followed.
  'controller/drain/webhook.ts',
  // The Unix socket of its own gateway, in the data directory.
  'controller/overlay/management.ts',
  // Passes bytes of tunnels on to that gateway, on this machine.
  'controller/overlay/tcp-relay.ts',
]);

const DIALS = [
  /\bfetch\(/,
  /\bnew (?:WebSocket|EventSource)\(/,
  /import \{[^}]*\b(?:request|get|connect|createConnection|createSocket|Agent)\b[^}]*\} from 'node:(?:http|https|http2|net|tls|dgram)'/,
  /import [^{]*\bfrom 'node:(?:http|https|http2|net|tls|dgram)'/,
  /from 'undici'/,
];

test('T-62 the controller dials nobody, so that no text of a node or of a caller can send it anywhere', () => {
  const sources = sourceFiles('controller').filter((file) => !NOT_THE_CONTROLLER.test(file) && !file.includes('test'));
  expect(sources.length).toBeGreaterThan(200);
  const dialling = sources.filter((file) => DIALS.some((pattern) => pattern.test(readFileSync(file, 'utf8'))));
  expect(dialling.filter((file) => !MAY_DIAL.has(file))).toEqual([]);
  expect(dialling).toEqual([...MAY_DIAL]);
});
