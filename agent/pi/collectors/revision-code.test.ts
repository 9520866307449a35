import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeRevision } from './revision-code.js';

const GIB = 2 ** 30;

/** Code, model and revision, memory in GiB, maker, processor: as raspberrypi.com publishes them. */
test.for<[string, string, number, string, string]>([
  ['0002', 'Raspberry Pi Model B 1.0', 0.25, 'Egoman', 'BCM2835'],
  ['0005', 'Raspberry Pi Model B 2.0', 0.25, 'Qisda', 'BCM2835'],
  ['0008', 'Raspberry Pi Model A 2.0', 0.25, 'Sony UK', 'BCM2835'],
  ['000d', 'Raspberry Pi Model B 2.0', 0.5, 'Egoman', 'BCM2835'],
  ['000e', 'Raspberry Pi Model B 2.0', 0.5, 'Sony UK', 'BCM2835'],
  ['0010', 'Raspberry Pi Model B+ 1.2', 0.5, 'Sony UK', 'BCM2835'],
  ['0011', 'Raspberry Pi Compute Module 1 1.0', 0.5, 'Sony UK', 'BCM2835'],
  ['0012', 'Raspberry Pi Model A+ 1.1', 0.25, 'Sony UK', 'BCM2835'],
  ['0013', 'Raspberry Pi Model B+ 1.2', 0.5, 'Embest', 'BCM2835'],
  ['900021', 'Raspberry Pi Model A+ 1.1', 0.5, 'Sony UK', 'BCM2835'],
  ['900032', 'Raspberry Pi Model B+ 1.2', 0.5, 'Sony UK', 'BCM2835'],
  ['a01041', 'Raspberry Pi 2 Model B 1.1', 1, 'Sony UK', 'BCM2836'],
  ['a21041', 'Raspberry Pi 2 Model B 1.1', 1, 'Embest', 'BCM2836'],
  ['a02042', 'Raspberry Pi 2 Model B 1.2', 1, 'Sony UK', 'BCM2837'],
  ['900061', 'Raspberry Pi Compute Module 1 1.1', 0.5, 'Sony UK', 'BCM2835'],
  ['a02082', 'Raspberry Pi 3 Model B 1.2', 1, 'Sony UK', 'BCM2837'],
  ['a32082', 'Raspberry Pi 3 Model B 1.2', 1, 'Sony Japan', 'BCM2837'],
  ['a52082', 'Raspberry Pi 3 Model B 1.2', 1, 'Stadium', 'BCM2837'],
  ['a22083', 'Raspberry Pi 3 Model B 1.3', 1, 'Embest', 'BCM2837'],
  ['900092', 'Raspberry Pi Zero 1.2', 0.5, 'Sony UK', 'BCM2835'],
  ['920093', 'Raspberry Pi Zero 1.3', 0.5, 'Embest', 'BCM2835'],
  ['a020a0', 'Raspberry Pi Compute Module 3 1.0', 1, 'Sony UK', 'BCM2837'],
  ['9000c1', 'Raspberry Pi Zero W 1.1', 0.5, 'Sony UK', 'BCM2835'],
  ['a020d3', 'Raspberry Pi 3 Model B+ 1.3', 1, 'Sony UK', 'BCM2837'],
  ['9020e0', 'Raspberry Pi 3 Model A+ 1.0', 0.5, 'Sony UK', 'BCM2837'],
  ['a02100', 'Raspberry Pi Compute Module 3+ 1.0', 1, 'Sony UK', 'BCM2837'],
  ['a03111', 'Raspberry Pi 4 Model B 1.1', 1, 'Sony UK', 'BCM2711'],
  ['c03111', 'Raspberry Pi 4 Model B 1.1', 4, 'Sony UK', 'BCM2711'],
  ['d03114', 'Raspberry Pi 4 Model B 1.4', 8, 'Sony UK', 'BCM2711'],
  ['b03115', 'Raspberry Pi 4 Model B 1.5', 2, 'Sony UK', 'BCM2711'],
  ['902120', 'Raspberry Pi Zero 2 W 1.0', 0.5, 'Sony UK', 'BCM2837'],
  ['c03130', 'Raspberry Pi 400 1.0', 4, 'Sony UK', 'BCM2711'],
  ['d03140', 'Raspberry Pi Compute Module 4 1.0', 8, 'Sony UK', 'BCM2711'],
  ['c04170', 'Raspberry Pi 5 1.0', 4, 'Sony UK', 'BCM2712'],
  ['d04170', 'Raspberry Pi 5 1.0', 8, 'Sony UK', 'BCM2712'],
  ['e04171', 'Raspberry Pi 5 1.1', 16, 'Sony UK', 'BCM2712'],
  ['b04180', 'Raspberry Pi Compute Module 5 1.0', 2, 'Sony UK', 'BCM2712'],
  ['d04190', 'Raspberry Pi 500 or 500+ 1.0', 8, 'Sony UK', 'BCM2712'],
  ['c041a0', 'Raspberry Pi Compute Module 5 Lite 1.0', 4, 'Sony UK', 'BCM2712'],
])('%s is a %s', ([code, name, ramGib, maker, soc]) => {
  expect(decodeRevision(code)).toMatchObject({ name, maker, soc, ramBytes: ramGib * GIB });
});

describe('what is not known here', () => {
  test('a type, maker and processor to come are named by their numbers', () => {
    expect(decodeRevision('f9fff2')).toEqual({
      name: 'unknown type 0xff 1.2',
      maker: 'unknown (0x9)',
      soc: 'unknown (0xf)',
      ramBytes: undefined,
      type: undefined,
    });
  });

  test('an A+ of 0015 was made with one size of memory or another', () => {
    expect(decodeRevision('0015')).toMatchObject({ name: 'Raspberry Pi Model A+ 1.1', ramBytes: undefined });
  });

  test('an old-style code that was never given out is kept as it is', () => {
    expect(decodeRevision('0016')).toMatchObject({ name: 'unknown code 0x0016', type: undefined });
  });

  test.for(['0000', '', 'zz', '1a020829a'])('%s is no code', (code) => {
    expect(decodeRevision(code)).toBeUndefined();
  });

  test('property: no code of 32 bits makes it throw, and every one of the new style has a name, a maker and a processor', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (code) => {
        const found = decodeRevision(code.toString(16));
        if ((code & 0x80_0000) !== 0) expect(found).toBeDefined();
        if (found !== undefined) {
          for (const word of [found.name, found.maker, found.soc]) expect(word).toMatch(/^[A-Z0-9u].*\S$/);
        }
      }),
    );
  });
});

test.for(['2a02082', '1000082', '82a02082', 'e2a02082'])(
  'overclocking and one-time memory (%s) change no board',
  (code) => {
    const plain = code === '1000082' ? '82' : 'a02082';
    expect(decodeRevision(code)).toEqual(decodeRevision(plain));
  },
);

test.for<[string, string, string | undefined, boolean | undefined, boolean | undefined]>([
  ['a Model A', '0008', 'none', false, false],
  ['a Model B', '000e', 'bootcode-on-card', true, false],
  ['a Model B+', '900032', 'bootcode-on-card', true, false],
  ['a 2B with the first processor', 'a01041', 'bootcode-on-card', true, false],
  ['a 2B with the processor of the 3', 'a02042', 'rom', true, false],
  ['a 3B', 'a02082', 'rom', true, false],
  ['a 3B+', 'a020d3', 'rom', true, true],
  ['a 3A+', '9020e0', 'none', false, false],
  ['a Zero W', '9000c1', 'none', false, false],
  ['a Zero 2 W', '902120', 'none', false, false],
  ['a 4B', 'c03111', 'eeprom', true, true],
  ['a 400', 'c03130', 'eeprom', true, false],
  ['a 5', 'c04170', 'eeprom', true, true],
  ['a 500', 'd04190', 'eeprom', true, false],
  ['a Compute Module 4, whose carrier may have the header', 'c03140', 'eeprom', true, undefined],
  ['a Compute Module 3, whose carrier decides', 'a020a0', undefined, false, undefined],
])('what %s has', ([, code, netboot, hasEthernet, hasPoeHeader]) => {
  expect(decodeRevision(code)?.type).toMatchObject({ netboot, hasEthernet, hasPoeHeader });
});
