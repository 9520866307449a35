import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { type CertificateOrder, makeCertificate } from '../../controller/pki/certificates.js';
import { seededRandom } from '../contract/random.js';
import { CLIENT_AUTH, parseCertificates, pinnedRoots, SERVER_AUTH, spkiSha256, uriName, verifyChain } from './chain.js';

const NOW = Date.UTC(2026, 10, 21);
const DAY_MS = 86_400_000;
const random = seededRandom(1);

interface Party {
  readonly subject: string;
  readonly privateKey: KeyObject;
  readonly spkiDer: Buffer;
}

function party(subject: string): Party {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { subject, privateKey, spkiDer: createPublicKey(privateKey).export({ type: 'spki', format: 'der' }) };
}

async function certify(who: Party, by: Party, use: CertificateOrder['use'], lifeMs = DAY_MS): Promise<X509Certificate> {
  const { subject, spkiDer } = who;
  const order = { subject, spkiDer, use, uri: 'spiffe://f/controller', nowMs: NOW, lifeMs };
  return new X509Certificate((await makeCertificate(order, by, random)).pem);
}

const [rootParty, issuerParty, leafParty] = [party('CN=root'), party('CN=issuer'), party('CN=leaf')];
const server = { kind: 'leaf', usage: SERVER_AUTH } as const;
let root: X509Certificate;
let issuer: X509Certificate;
let leaf: X509Certificate;
beforeAll(async () => {
  root = await certify(rootParty, rootParty, { kind: 'root' });
  issuer = await certify(issuerParty, rootParty, { kind: 'issuer', usage: SERVER_AUTH });
  leaf = await certify(leafParty, issuerParty, server);
});

const verify = (
  presented: readonly X509Certificate[],
  nowMs = NOW,
  roots: readonly X509Certificate[] = [root],
): void => {
  verifyChain(presented, { roots, usage: SERVER_AUTH, nowMs });
};

test('a leaf with its issuer leads to the root, in any order behind the leaf, with the root or without', () => {
  verify([leaf, issuer]);
  verify([leaf, issuer, root]);
  verify([leaf, root, issuer]);
});

test('nothing, or a leaf without its issuer, leads nowhere', () => {
  expect(() => verify([])).toThrow(/no certificate/);
  expect(() => verify([leaf])).toThrow(/no authority/);
  expect(() => verify([leaf, root])).toThrow(/no authority/);
  expect(() => verify([leaf, issuer], NOW, [])).toThrow(/no authority/);
});

test('an authority is nobody to talk to, and a leaf signs nobody', async () => {
  expect(() => verify([issuer, root])).toThrow(/authority’s/);
  const underLeaf = await certify(party('CN=under'), leafParty, server);
  expect(() => verify([underLeaf, leaf, issuer])).toThrow(/no authority/);
});

test('a certificate counts for its one use, and so does the authority that signed it', async () => {
  const client = await certify(leafParty, issuerParty, { kind: 'leaf', usage: CLIENT_AUTH });
  expect(() => verify([client, issuer])).toThrow(/another use/);
  const clientsIssuer = await certify(issuerParty, rootParty, { kind: 'issuer', usage: CLIENT_AUTH });
  expect(() => verify([leaf, clientsIssuer])).toThrow(/no authority/);
});

test('an impostor with the same names and other keys is refused', async () => {
  const [fakeRootParty, fakeIssuerParty] = [party('CN=root'), party('CN=issuer')];
  const fakeRoot = await certify(fakeRootParty, fakeRootParty, { kind: 'root' });
  const fakeIssuer = await certify(fakeIssuerParty, fakeRootParty, { kind: 'issuer', usage: SERVER_AUTH });
  const fakeLeaf = await certify(leafParty, fakeIssuerParty, server);
  expect(() => verify([fakeLeaf, fakeIssuer, fakeRoot])).toThrow(/no authority/);
  expect(() => verify([fakeLeaf, issuer, root])).toThrow(/no authority/);
});

test('the end of life counts to the second, for every certificate of the path; the beginning does not count', async () => {
  verify([leaf, issuer], NOW + DAY_MS);
  expect(() => verify([leaf, issuer], NOW + DAY_MS + 1)).toThrow(/expired/);
  verify([leaf, issuer], 0);
  const shortIssuer = await certify(issuerParty, rootParty, { kind: 'issuer', usage: SERVER_AUTH }, 1_000);
  expect(() => verify([leaf, shortIssuer], NOW + 2_000)).toThrow(/CN=issuer expired/);
  const shortRoot = await certify(rootParty, rootParty, { kind: 'root' }, 1_000);
  expect(() => verify([leaf, issuer], NOW + 2_000, [shortRoot])).toThrow(/CN=root expired/);
});

test('authorities that sign each other make no endless path', async () => {
  const [a, b] = [party('CN=a'), party('CN=b')];
  const use = { kind: 'issuer', usage: SERVER_AUTH } as const;
  const [aByB, bByA] = [await certify(a, b, use), await certify(b, a, use)];
  const victim = await certify(leafParty, a, server);
  expect(() => verify([victim, aByB, bByA])).toThrow(/no authority/);
});

test('a pin finds its root among what was presented, and nothing else', () => {
  const pin = spkiSha256(rootParty.spkiDer);
  expect(pinnedRoots([leaf, issuer, root], pin)).toEqual([root]);
  expect(pinnedRoots([leaf, issuer], pin)).toEqual([]);
  expect(pinnedRoots([leaf, issuer, root], spkiSha256(issuerParty.spkiDer))).toEqual([]); // not signed by itself
});

test('a name is one URI of ours and nothing beside it', () => {
  const named = (subjectAltName: string | undefined) => uriName({ subjectAltName } as X509Certificate); // read alone
  expect(named('URI:spiffe://f/controller')).toBe('spiffe://f/controller');
  for (const other of [
    undefined,
    '',
    'DNS:f',
    'URI:https://f',
    'URI:spiffe://f/a, DNS:b',
    'URI:"spiffe://f/a\\u002c"',
  ]) {
    expect(named(other)).toBeUndefined();
  }
});

test('no text makes the PEM parser throw anything but a clear refusal', () => {
  const pem = `${leaf.toString()}${issuer.toString()}`;
  expect(parseCertificates(pem)).toHaveLength(2);
  const cut = fc.nat(pem.length).map((at) => pem.slice(0, at));
  const flipped = fc.nat(pem.length - 1).map((at) => `${pem.slice(0, at)}?${pem.slice(at + 1)}`);
  fc.assert(
    fc.property(fc.oneof(fc.string(), cut, flipped), (text) => {
      try {
        parseCertificates(text);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'invalid-argument' });
      }
    }),
  );
});
