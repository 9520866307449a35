import { expect, test } from 'vitest';
import { parseOverlayPrefix, sitePrefix } from './network.js';
import { renderShaping } from './shaping.js';

const overlay = parseOverlayPrefix('fd42:b:1::/48');

test('each site has a class as wide as its line, and what is small goes first', () => {
  const shaped = renderShaping('bramble0', [{ prefix: sitePrefix(overlay, 255), downBitsPerS: 256_000 }]);
  expect(shaped).toMatchInlineSnapshot(`
    "qdisc del dev bramble0 root
    qdisc add dev bramble0 root handle 1: htb default 0
    class add dev bramble0 parent 1: classid 1:ff00 htb rate 243200bit ceil 243200bit burst 3k cburst 3k quantum 3000 overhead 52
    class add dev bramble0 parent 1:ff00 classid 1:ff01 htb rate 121600bit ceil 243200bit burst 3k cburst 3k quantum 3000 overhead 52 prio 0
    class add dev bramble0 parent 1:ff00 classid 1:ff02 htb rate 121600bit ceil 243200bit burst 3k cburst 3k quantum 3000 overhead 52 prio 1
    qdisc add dev bramble0 parent 1:ff02 pfifo limit 32
    filter add dev bramble0 parent 1: protocol ipv6 prio 1 u32 match ip6 dst fd42:b:1:ff00::/56 match u16 0x0000 0xfc00 at 4 flowid 1:ff01
    filter add dev bramble0 parent 1: protocol ipv6 prio 2 u32 match ip6 dst fd42:b:1:ff00::/56 flowid 1:ff02
    "
  `);
});

test('where nobody told of an uplink nothing queues', () => {
  expect(renderShaping('bramble0', [])).toBe('qdisc del dev bramble0 root\n');
});
