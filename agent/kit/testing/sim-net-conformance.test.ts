import { BrambleError } from '../../../proto/contract/errors.js';
import { answerTo, describeNet } from './net-conformance.js';
import { SimNetwork, type SimServer } from './sim-net.js';
import { SimWorld } from './sim-world.js';

describeNet('the simulated network', async () => {
  const world = new SimWorld(1);
  const network = new SimNetwork(world);
  const refuse = async (): Promise<never> => {
    throw new BrambleError('unsupported', 'streams only');
  };
  let open = 0;
  const server: SimServer = {
    enroll: refuse,
    renew: refuse,
    upload: refuse,
    openLink: (_peer, stream) => {
      open += 1;
      stream.onEnd(() => {
        open -= 1;
      });
      stream.onFrame((frame) => {
        const answer = answerTo(frame);
        if (answer.kind === 'frame') stream.send(answer.frame);
        else if (answer.kind === 'end') stream.end();
        else stream.destroy(answer.error);
      });
    },
  };
  network.listen('controller:1', server);
  return {
    net: network.makeNet('a'),
    endpoint: 'controller:1',
    deadEndpoint: 'controller:2',
    identity: { certificateChainPem: '', privateKeyPem: '', trustRootsPem: '', clockFloorMs: 0 },
    openStreams: () => open,
    settle: (promise) => world.settle(promise),
    close: async () => {},
  };
});
