import { expect, test } from 'vitest';
import { keyAction } from './keyboard.js';

const plain = { ctrlKey: false, altKey: false, metaKey: false, isTyping: false };

test.for([
  ['j', 'next'],
  ['ArrowDown', 'next'],
  ['k', 'previous'],
  ['ArrowUp', 'previous'],
  ['/', 'filter'],
  ['?', 'help'],
  ['Enter', undefined],
  ['Escape', undefined],
  ['toString', undefined],
] as const)('%s asks for %s', ([key, action]) => {
  expect(keyAction({ ...plain, key })).toBe(action);
});

test('letters are letters where one types, and keys of the browser stay with it', () => {
  for (const key of ['j', 'k', '/', '?', 'ArrowUp'])
    expect(keyAction({ ...plain, key, isTyping: true })).toBeUndefined();
  expect(keyAction({ ...plain, key: 'ArrowDown', isTyping: true })).toBe('next');
  expect(keyAction({ ...plain, key: 'k', ctrlKey: true })).toBeUndefined();
  expect(keyAction({ ...plain, key: 'k', metaKey: true })).toBeUndefined();
});
