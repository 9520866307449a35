import { Argument, type Command } from 'commander';
import { fitting, type Wanted, wantedAt } from '../complete.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../errors.js';
import type { Register } from './register.js';

const SCRIPTS = {
  bash: `# bramble completion bash > /etc/bash_completion.d/bramble
_bramble() {
  local IFS=$'\\n'
  COMPREPLY=($(bramble __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _bramble bramble
`,
  zsh: `#compdef bramble
# bramble completion zsh > "\${fpath[1]}/_bramble"
_bramble() {
  local -a found
  found=(\${(f)"$(bramble __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  compadd -a found
}
compdef _bramble bramble
`,
  fish: `# bramble completion fish > ~/.config/fish/completions/bramble.fish
function __bramble_complete
  set -l words (commandline -opc)
  set -l last (commandline -ct)
  bramble __complete -- $words[2..-1] "$last" 2>/dev/null
end
complete -c bramble -f -a '(__bramble_complete)'
`,
} as const;

type Shell = keyof typeof SCRIPTS;

export const registerCompletion: Register = (program, run) => {
  program
    .command('completion')
    .description('Print what makes a shell complete nouns, verbs, options and the names of nodes and sites')
    .addArgument(new Argument('<shell>', 'which').choices(Object.keys(SCRIPTS)))
    .action((shell: Shell) =>
      run(async (context) => {
        context.out(SCRIPTS[shell]);
        return EXIT.ok;
      }),
    );
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action((words: readonly string[]) => run((context) => complete(program, words, context)));
};

/** Silent when there is nothing to say, whatever the reason: the user is in the middle of a line. */
async function complete(program: Command, words: readonly string[], context: CliContext): Promise<number> {
  const wanted = wantedAt(program, words);
  const found = wanted.kind === 'words' ? wanted.words : await liveNames({ ...wanted, kind: wanted.kind }, context);
  const lines = fitting(found, wanted.prefix);
  if (lines.length > 0) context.out(`${lines.join('\n')}\n`);
  return EXIT.ok;
}

type Live = Pick<Wanted, 'prefix'> & { readonly kind: Exclude<Wanted['kind'], 'words'> };

async function liveNames({ kind, prefix }: Live, { api, host }: CliContext): Promise<readonly string[]> {
  try {
    const soon = api.within(host.completionMsMax);
    return (kind === 'nodes' ? await soon.nodes({ name: prefix }) : await soon.sites()).map(({ name }) => name);
  } catch {
    return []; // no controller, no right, no time
  }
}
