import type { ActionArguments, CommandHandler } from './handler.js';

/** @param cancel of the command with that id */
export function makeCancel(
  cancel: (commandId: string) => 'not-begun' | 'asked' | 'not-possible',
): CommandHandler<ActionArguments<'cancelCommand'>> {
  return {
    requiresBootId: false,
    isAside: true, // what it ends may be what everybody waits for
    check: async () => undefined,
    before: async () => '',
    async run({ commandId }) {
      switch (cancel(commandId)) {
        case 'not-begun':
          return { kind: 'succeeded', detail: 'it is not begun' };
        case 'asked':
          return { kind: 'succeeded', detail: 'it was asked to end; how it ended it tells itself' };
        case 'not-possible':
          return { kind: 'failed', detail: 'it is over, or of a kind that is finished once it is begun' };
      }
    },
    // What it was to end ended with the process, or goes on.
    observe: async () => ({ kind: 'unknown', detail: 'the agent ended meanwhile; look at the command itself' }),
  };
}
