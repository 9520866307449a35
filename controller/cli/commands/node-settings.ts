import type { Command } from 'commander';
import { NodeChange } from '../../../proto/contract/api/requests.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import { print } from '../context.js';
import { type DryRunOption, tryOut, withDryRun } from '../dry-run.js';
import { EXIT } from '../errors.js';
import { nodeListing } from '../listings.js';
import { resolveNode } from '../resolve.js';
import { parseLabelWords } from './labels.js';
import type { RunCommand } from './register.js';

/** What people say of a node: its name, its labels, and what they know better than its facts. */
export function registerNodeSettings(node: Command, run: RunCommand): void {
  registerChange(node, run, {
    verb: 'label',
    description: 'Hang labels on a node: key=value sets, key- removes',
    words: '<label...>',
    what: 'the labels',
    changeOf: (words) => ({ labels: parseLabelWords(words) }),
  });
  registerChange(node, run, {
    verb: 'capability',
    description: 'Say what a board can, where its facts do not: poe=yes sets, poe- leaves it to the facts',
    words: '<capability...>',
    what: 'the capabilities',
    changeOf: (words) => ({ capabilities: parseCapabilityWords(words) }),
  });
  registerChange(node, run, {
    verb: 'rename',
    description: 'Give a node another name; its identity, history and grants stay',
    words: '<new-name>',
    what: 'the name',
    changeOf: ([name]) => ({ name }),
  });
}

interface Verb {
  readonly verb: string;
  readonly description: string;
  readonly words: string;
  /** As in "would change the labels of pi-1". */
  readonly what: string;
  /** @throws BrambleError `invalid-argument` */
  changeOf(words: readonly string[]): NodeChange;
}

function registerChange(node: Command, run: RunCommand, { verb, description, words, what, changeOf }: Verb): void {
  withDryRun(node.command(verb).description(description))
    .argument('<name|id>')
    .argument(words)
    .action((nameOrId: string, given: string | readonly string[], { dryRun }: DryRunOption) =>
      run(async (context) => {
        const change = changeOf(typeof given === 'string' ? [given] : given);
        const target = await resolveNode(context.api, nameOrId);
        if (dryRun === true) {
          const operation = { op: 'change-node', node: target.id, change } as const;
          return tryOut(context, operation, `change ${what} of ${target.name}`);
        }
        const view = await context.api.changeNode(target.id, change);
        print(context, nodeListing(context.nowMs()), [view], view);
        return EXIT.ok;
      }),
    );
}

/** @throws BrambleError `invalid-argument` for what is no capability, or none of its values */
function parseCapabilityWords(words: readonly string[]): NodeChange['capabilities'] {
  const wishes = words.map((word) => {
    const at = word.indexOf('=');
    if (at > 0) return [word.slice(0, at), word.slice(at + 1)] as const;
    return [word.replace(/-$/, ''), word.endsWith('-') ? null : word] as const;
  });
  const judged = NodeChange.shape.capabilities.safeParse(Object.fromEntries(wishes));
  if (judged.success && new Set(wishes.map(([name]) => name)).size === wishes.length) return judged.data;
  throw new BrambleError('invalid-argument', `not capabilities: ${visible(words.join(' '))}`, {
    hint: 'ethernet, poe, watchdog and rtc are yes or no; netboot is none, bootcode-on-card, rom or eeprom; each once',
  });
}
