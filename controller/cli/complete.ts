import type { Command, Option } from 'commander';

/** What fits at the last of the words that were typed after the program's name. */
export interface Wanted {
  readonly kind: 'words' | 'nodes' | 'sites';
  readonly prefix: string;
  /** With kind `words`. */
  readonly words: readonly string[];
}

const NODE_ARGUMENT = 'name|id';
const SITE_ARGUMENT = 'site';
/** Options whose value is the name of something that is alive. */
const LIVE_OPTIONS: Readonly<Record<string, 'nodes' | 'sites'>> = {
  '--node': 'nodes',
  '--confirm': 'nodes',
  '--site': 'sites',
};

/** Follows the words through the tree of commands; the last one is the one that is being typed, possibly empty. */
export function wantedAt(program: Command, typed: readonly string[]): Wanted {
  // bash splits "--confirm=pi" at its sign.
  const words = typed.filter((word) => word !== '=').flatMap(splitValue);
  const prefix = typed.at(-1) === '=' ? '' : (words.at(-1) ?? '');
  const before = typed.at(-1) === '=' ? words : words.slice(0, -1);
  let command = program;
  let argumentsCount = 0;
  let open: Option | undefined;
  for (const word of before) {
    if (open !== undefined) open = undefined;
    else if (word.startsWith('-')) open = takesValue(optionOf(program, command, word));
    else {
      const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
      if (next === undefined) argumentsCount += 1;
      else command = next;
    }
  }
  if (open !== undefined) {
    const live = LIVE_OPTIONS[open.long ?? ''];
    return live === undefined ? wordsOf(prefix, open.argChoices ?? []) : { kind: live, prefix, words: [] };
  }
  if (prefix.startsWith('-')) return wordsOf(prefix, optionNames(program, command));
  if (command.commands.length > 0) return wordsOf(prefix, commandNames(command));
  const argument = command.registeredArguments[argumentsCount];
  if (argument?.name() === NODE_ARGUMENT) return { kind: 'nodes', prefix, words: [] };
  if (argument?.name() === SITE_ARGUMENT) return { kind: 'sites', prefix, words: [] };
  return wordsOf(prefix, argument?.argChoices ?? []);
}

/** Names that no shell reads as anything but a word. */
export function fitting(names: readonly string[], prefix: string): readonly string[] {
  const safe = names.filter((name) => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name));
  return [...new Set(safe)].filter((name) => name.startsWith(prefix)).sort();
}

function wordsOf(prefix: string, words: readonly string[]): Wanted {
  return { kind: 'words', prefix, words };
}

function splitValue(word: string): readonly string[] {
  const at = word.indexOf('=');
  return word.startsWith('--') && at > 0 ? [word.slice(0, at), word.slice(at + 1)] : [word];
}

function optionOf(program: Command, command: Command, word: string): Option | undefined {
  return [...command.options, ...program.options].find(({ long, short }) => long === word || short === word);
}

function takesValue(option: Option | undefined): Option | undefined {
  return option?.required === true ? option : undefined;
}

function optionNames(program: Command, command: Command): readonly string[] {
  const options = [...command.options, ...program.options].filter(({ hidden }) => !hidden);
  return ['--help', ...options.flatMap(({ long }) => (long == null ? [] : [long]))];
}

function commandNames(command: Command): readonly string[] {
  return command.commands.map((one) => one.name()).filter((name) => !name.startsWith('__'));
}
