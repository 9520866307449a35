import type { CliContext } from '../context.js';
import { refreshed } from '../refreshed.js';
import { describeNode } from './describe.js';
import { describeSite } from './describe-site.js';
import { type NodeListWish, showNodes, showSites } from './get.js';
import type { Register } from './register.js';

/** The same as `-w` of get, and for one node or site what describe shows. Events have their own: `events -w`. */
export const registerWatch: Register = (program, run) => {
  const watch = program.command('watch').description('Stay, and show it anew every 5 s until interrupted');
  const again = (show: (context: CliContext) => Promise<number>) =>
    run((context) => refreshed(context, true, () => show(context)));

  watch
    .command('nodes')
    .description('Nodes, trouble first')
    .option('-l, --selector <selector>', 'with labels like these: rack=3,env in (a,b),!broken')
    .option('--site <site>', 'of one site only')
    .action((wish: NodeListWish) => again((context) => showNodes(context, wish)));
  watch
    .command('sites')
    .description('Sites, with how their nodes are')
    .action(() => again(showSites));
  watch
    .command('node')
    .description('Everything that is known of one node')
    .argument('<name|id>')
    .action((nameOrId: string) => again((context) => describeNode(context, nameOrId)));
  watch
    .command('site')
    .description('Everything that is said of one site')
    .argument('<site>')
    .action((name: string) => again((context) => describeSite(context, name)));
};
