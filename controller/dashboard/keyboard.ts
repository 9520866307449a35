/** What a key asks for. */
export type KeyAction = 'next' | 'previous' | 'filter' | 'help';

export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  /** The keyboard is in a box for text: letters are letters. */
  readonly isTyping: boolean;
}

const KEYS: Readonly<Record<string, KeyAction>> = {
  j: 'next',
  ArrowDown: 'next',
  k: 'previous',
  ArrowUp: 'previous',
  '/': 'filter',
  '?': 'help',
};

/** `undefined`: the key is the browser's. Enter and Esc are left to buttons and dialogs. */
export function keyAction({ key, ctrlKey, altKey, metaKey, isTyping }: KeyPress): KeyAction | undefined {
  if (ctrlKey || altKey || metaKey) return undefined;
  // From the box the arrow leads into the list below it.
  if (isTyping) return key === 'ArrowDown' ? 'next' : undefined;
  return Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
}
