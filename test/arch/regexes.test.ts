import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { sourceFiles } from './source-files.js';

/** Where text of strangers is judged: of nodes, of callers of the API, of files that people hand over. */
const WHERE = [
  'proto/contract',
  'controller/web',
  'controller/domain',
  'controller/usecases',
  'controller/rpc',
  'agent/kit',
];

/** Read by a person: what begins each turn of the outer repetition is in none of the classes within, so there is one way. */
const ONE_WAY = new Set([
  '^\\/(?:[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*(?:\\/[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)*)?$',
  String.raw`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\r?\n(?:[A-Za-z-]+: [^\r\n]*\r?\n)*(?:\r?\n)?[A-Za-z0-9+/=]{16}`,
  '^flags\\s*:(?: \\S+)* lm(?: \\S+)*\\n',
]);

/**
 * Whether a repetition without end stands inside a repetition without end, as in (a+)+: the one form that takes
 * exponential time. Without it, and with texts of bounded length, a match takes a bounded number of steps.
 */
function isExplosive(pattern: string): boolean {
  const groups = [{ repeats: false }];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '\\') at += 1;
    else if (character === '[') at = endOfClass(pattern, at);
    else if (character === '(') groups.push({ repeats: false });
    else if (character === ')') {
      const inner = groups.pop();
      const outer = groups.at(-1);
      if (inner === undefined || outer === undefined) throw new Error(`not understood: ${pattern}`);
      if (inner.repeats && isEndless(pattern, at + 1)) return true;
      outer.repeats ||= inner.repeats;
    }
    const top = groups.at(-1);
    if (top !== undefined && isEndless(pattern, at + 1)) top.repeats = true;
  }
  return false;
}

function endOfClass(pattern: string, start: number): number {
  let at = start + 1;
  while (at < pattern.length && pattern[at] !== ']') at += pattern[at] === '\\' ? 2 : 1;
  return at;
}

function isEndless(pattern: string, at: number): boolean {
  return /^(?:[*+]|\{\d+,\})/.test(pattern.slice(at, at + 8));
}

function regexesOf(path: string): readonly string[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) found.push(node.text.slice(1, node.text.lastIndexOf('/')));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

test.for([
  ['(a+)+$', true],
  ['^([a-z]*,)*$', true],
  ['(?:x(?:y+z)?)*', true],
  ['^(a{1,3})+$', false],
  ['^[a-z+]+(b[)*]c)?$', false],
  ['\\(a+\\)+', false],
] as const)('%s explodes: %s', ([pattern, explodes]) => {
  expect(isExplosive(pattern)).toBe(explodes);
});

test('T-52 no regular expression that judges text of strangers can take exponential time', () => {
  const files = WHERE.flatMap(sourceFiles).filter(
    (path) => /(?<!\.test)\.ts$/.test(path) && !path.includes('/testing/'),
  );
  const regexes = files.flatMap((path) => regexesOf(path).map((pattern) => ({ path, pattern })));
  expect(regexes.length).toBeGreaterThan(50);
  expect(regexes.filter(({ pattern }) => isExplosive(pattern) && !ONE_WAY.has(pattern))).toEqual([]);
});
