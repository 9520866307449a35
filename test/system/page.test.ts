import { rm } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startWebServer, type WebServer } from '../../controller/web/server.js';
import { fileserverDetail, NODE_1, NOW_MS, nodeDetail } from '../../controller/web/testing/fixtures.js';
import { Secret } from '../../proto/contract/secret.js';
import { ADMINISTRATOR, hasChromium, launchChromium, type PageOptions, pageOptions } from './chromium.js';

/** The built page in a real browser, over the real doors and a fleet in memory. */
describe.skipIf(!hasChromium)('the page in chromium', () => {
  let browser: Browser;
  let dir = '';
  let options: PageOptions;
  let server: WebServer;
  let page: Page;
  let complaints: string[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
  });
  beforeEach(async () => {
    ({ dir, options } = await pageOptions());
    server = await startWebServer(options);
    complaints = [];
  });
  afterEach(async () => {
    await page.context().close();
    await server.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function open(width = 1280): Promise<void> {
    const context = await browser.newContext({ viewport: { width, height: 800 } });
    page = await context.newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${server.url}${await loginPath()}`);
    await page.locator('.link--live').waitFor();
  }

  /** With other options than before; the page finds it again by itself. */
  async function restart(change: Partial<PageOptions>): Promise<void> {
    const port = Number(new URL(server.url).port);
    await server.close();
    server = await startWebServer({ ...options, ...change, page: { host: '127.0.0.1', port } });
  }

  function putSites(): void {
    options.fleet.putNode(nodeDetail({ site: 'lab' }));
    options.fleet.putNode(nodeDetail({ id: 'n-0000000000002', name: 'pi-02', site: 'lab', state: 'troubled' }));
    options.fleet.putNode(nodeDetail({ id: 'n-0000000000003', name: 'pi-03', site: 'attic' }));
  }

  async function loginPath(): Promise<string> {
    return (await options.access.createLoginLink(60_000, ADMINISTRATOR)).path;
  }

  test('who is not signed in sees the login page and nothing else; a password opens, a wrong one says so', async () => {
    options.fleet.putNode(nodeDetail());
    const password = new Secret('correct horse battery');
    const grants = [{ role: 'viewer', sites: 'all' }] as const;
    await options.access.users.create({ name: 'lee', password, grants }, ADMINISTRATOR);
    page = await (await browser.newContext()).newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(server.url);
    await page.waitForURL(`${server.url}/login.html`);
    expect(await page.locator('body').textContent()).not.toContain('pi-01');
    await page.getByLabel('Name').fill('lee');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect.poll(() => page.locator('#said').textContent()).toContain('The name or the password is wrong');
    await page.getByLabel('Password').fill(password.reveal());
    await page.keyboard.press('Enter');
    await page.locator('.link--live').waitFor();
    await expect.poll(rowNames).toEqual(['pi-01']);
    await expect.poll(() => page.locator('#session-name').textContent()).toBe('lee');
    expect(complaints).toEqual([]);
  });

  test('T-42: signing out ends the session for good', async () => {
    await open();
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${server.url}/login.html`);
    const old = await fetch(`${server.url}/api/v1/nodes`, { headers: { cookie: `${cookie?.name}=${cookie?.value}` } });
    expect(old.status).toBe(401);
    await page.goto(server.url);
    await page.waitForURL(`${server.url}/login.html`);
  });

  test('a login link works once', async () => {
    const link = `${server.url}${await loginPath()}`;
    page = await (await browser.newContext()).newPage();
    await page.goto(link);
    await page.locator('.link--live').waitFor();
    expect(page.url()).not.toContain('#');
    await page.context().clearCookies();
    await page.goto(link);
    await page.locator('#said:not([hidden])').waitFor();
    expect(await page.locator('#said').textContent()).toContain('was used already');
  });

  const headline = () => page.locator('#headline').textContent();
  const rowNames = () => page.locator('tr.node .open').allTextContents();

  test('an empty fleet tells how the first node joins', async () => {
    await open();
    await expect.poll(headline).toBe('No node has joined yet');
    expect(await page.locator('.empty').textContent()).toContain('bramble token create');
    expect(complaints).toEqual([]);
  });

  test('nodes and events come by themselves, trouble first, and the tab counts it', async () => {
    options.fleet.putNode(nodeDetail());
    await open();
    await expect.poll(headline).toBe('The one node is ready');
    const trouble = { id: 'n-0000000000002', name: 'pi-02', state: 'no-contact', why: 'No report for 90 s' } as const;
    options.fleet.putNode(nodeDetail({ ...trouble, lastSeenMs: NOW_MS - 300_000 }));
    options.fleet.addEvent({ atMs: NOW_MS, severity: 'error', reason: 'NodeSilent', message: 'No report for 90 s' });
    await page.locator('.event--error').waitFor();
    await page.locator('.summary--attention').waitFor();
    await expect.poll(headline).toBe('1 of 2 nodes needs attention');
    await expect.poll(() => page.title()).toBe('(1) Bramble');
    await expect.poll(rowNames).toEqual(['pi-02', 'pi-01']);
    await expect.poll(() => page.locator('tr.node').first().textContent()).toMatch(/Last seen 5 min( \d+ s)? ago/);
    expect(complaints).toEqual([]);
  });

  test('the keyboard opens a node’s facts, Escape closes them, and the focus comes back', async () => {
    options.fleet.putNode(nodeDetail());
    await open();
    await page.locator('tr.node .open').focus();
    await page.keyboard.press('Enter');
    await page.getByText('Facts as they were reported (1)').waitFor();
    await expect.poll(() => page.locator('#detail').textContent()).toContain('911.0 MiB');
    await expect.poll(() => new URL(page.url()).hash).toBe(`#node=${NODE_1}`);
    await page.keyboard.press('Escape');
    await page.locator('#detail').waitFor({ state: 'hidden' });
    await page.locator('tr.node .open:focus').waitFor();
    await page.waitForURL((url) => url.hash === '');
  });

  test('a redraw while the keyboard is on a row leaves it there', async () => {
    options.fleet.putNode(nodeDetail());
    await open();
    await page.locator('tr.node .open').focus();
    options.fleet.putNode(nodeDetail({ state: 'troubled', why: 'something new' }));
    await page.locator('tr.node--troubled').waitFor();
    await page.locator('tr.node .open:focus').waitFor();
  });

  test('a controller that goes away is said; when it is back everything is there, nothing lost or doubled', async () => {
    options.fleet.putNode(nodeDetail());
    options.fleet.addEvent({ atMs: NOW_MS, severity: 'info', reason: 'Test', message: 'before' });
    await open();
    const port = Number(new URL(server.url).port);
    await server.close();
    await page.locator('.link--lost').waitFor();
    await expect.poll(() => page.locator('#link').textContent()).toMatch(/^Reconnecting since \d\d:\d\d:\d\d/);
    await expect.poll(rowNames).toEqual(['pi-01']);
    options.fleet.addEvent({ atMs: NOW_MS, severity: 'info', reason: 'Test', message: 'meanwhile' });
    server = await startWebServer({ ...options, page: { host: '127.0.0.1', port } });
    await page.locator('.link--live').waitFor();
    await page.getByText('meanwhile').waitFor();
    await expect.poll(() => page.locator('.event .message').allTextContents()).toEqual(['meanwhile', 'before']);
  });

  test('nodes stand under their site, sites with trouble first, and a site can be closed', async () => {
    putSites();
    await open();
    await expect.poll(() => page.locator('.site-name').allTextContents()).toEqual(['lab', 'attic']);
    await expect.poll(() => page.locator('.site-counts').first().textContent()).toContain('1 troubled');
    await page.getByRole('button', { name: 'lab', exact: true }).click();
    await expect.poll(rowNames).toEqual(['pi-03']);
    await expect.poll(() => page.locator('.site-toggle').first().getAttribute('aria-expanded')).toBe('false');
    expect(complaints).toEqual([]);
  });

  test('words and states filter the nodes, and the address keeps them', async () => {
    putSites();
    await open();
    await page.keyboard.press('/');
    await page.keyboard.type('pi-0');
    await page.getByText('Showing 3 of 3 nodes').waitFor();
    await page.getByRole('button', { name: '1 troubled' }).click();
    await page.getByText('Showing 1 of 3 nodes').waitFor();
    await expect.poll(rowNames).toEqual(['pi-02']);
    await expect.poll(() => new URL(page.url()).hash).toBe('#q=pi-0&state=troubled');
    await page.reload();
    await page.locator('.link--live').waitFor();
    await page.getByText('Showing 1 of 3 nodes').waitFor();
    await expect.poll(() => page.locator('[aria-pressed="true"]').allTextContents()).toEqual(['1 troubled']);
    await page.locator('#filter').fill('no such thing');
    await page.getByRole('button', { name: 'Show all nodes' }).click();
    await expect.poll(rowNames).toEqual(['pi-02', 'pi-01', 'pi-03']);
    await expect.poll(headline).toBe('1 of 3 nodes needs attention');
    expect(complaints).toEqual([]);
  });

  test('keys walk through the nodes, closed and open, and explain themselves', async () => {
    putSites();
    await open();
    const focused = () => page.evaluate<string>('document.activeElement.textContent');
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowDown');
    await expect.poll(focused).toBe('pi-01');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'pi-02' }).waitFor();
    await page.keyboard.press('j');
    await page.getByRole('heading', { name: 'pi-01' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('#detail').waitFor({ state: 'hidden' });
    await page.keyboard.press('?');
    await page.getByText('Keys of this page').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('#help').waitFor({ state: 'hidden' });
    expect(complaints).toEqual([]);
  });

  test('an open node shows graphs of its last hour, also in words', async () => {
    const facts = [
      { fact: 'cpu_busy_permille', instance: '', value: 300 },
      { fact: 'temperature_millidegrees', instance: 'cpu-thermal', value: 51_000 },
    ];
    options.fleet.putNode(nodeDetail({ facts, lastSeenMs: NOW_MS - 1_000 }));
    const points = Array.from({ length: 60 }, (_, minute) => ({
      atMs: NOW_MS - minute * 60_000,
      value: 300,
    })).reverse();
    await restart({ history: { series: async () => points } });
    await open();
    await page.locator('tr.node .open').click();
    const picture = page.getByRole('img', { name: /^Processor in the last hour: now 30 %, on average 30 %/ });
    await picture.waitFor();
    expect(await picture.locator('.line').getAttribute('d')).toMatch(/^M0\.0 |^M2\.0 /);
    await expect.poll(() => page.locator('.graph').count()).toBe(2);
    expect(complaints).toEqual([]);
  });

  test('a fileserver shows its arrays, exports with their forecast, clients and boots, on a phone too', async () => {
    options.fleet.putNode(fileserverDetail());
    for (const width of [1_280, 360]) {
      await open(width);
      await page.locator('tr.node .open').click();
      const detail = page.locator('#detail');
      await detail.locator('h3', { hasText: 'RAID arrays' }).waitFor();
      const words = await detail.textContent();
      for (const expected of [
        'raid1, clean, 1 of 2 members, recover 12.5 %',
        'reboot refused: 1 of 2 members missing',
        '256.0 MiB free of 1.0 GiB (25.0 %), full in 1 d, 1 client',
        '12 packets, 3.9 MiB to it, 2.0 KiB from it',
        'address at once, own directory after 2 s, kernel after 20 s, root after 24 s',
      ]) {
        expect(words).toContain(expected);
      }
      for (const element of ['document.documentElement', 'document.querySelector("#detail")']) {
        expect(await page.evaluate<number>(`${element}.scrollWidth - ${element}.clientWidth`), element).toBe(0);
      }
      await page.context().close();
    }
    expect(complaints).toEqual([]);
    await open();
  });

  test('of ten thousand nodes the page holds a few hundred rows, and the filter finds any of them', async () => {
    for (let index = 0; index < 10_000; index++) {
      const id = `n-${String(index).padStart(13, '0')}`;
      const state = index % 500 === 0 ? 'troubled' : 'ready';
      options.fleet.putNode(nodeDetail({ id, name: `pi-${index}`, site: `site-${index % 40}`, state, facts: [] }));
    }
    await open();
    await expect.poll(headline).toBe('20 of 10000 nodes need attention');
    expect(await page.locator('tr.node').count()).toBeLessThanOrEqual(200);
    await page.locator('#filter').fill('pi-9999');
    await expect.poll(rowNames).toEqual(['pi-9999']);
    expect(complaints).toEqual([]);
  });

  test.for([360, 1280])('at %i px nothing sticks out', async (width) => {
    const long = 'a-very-long-name-without-any-place-to-break-it-'.repeat(3);
    options.fleet.putNode(nodeDetail({ name: long, state: 'troubled', why: long }));
    await open(width);
    await page.locator('tr.node .open').click();
    await page.locator('#detail dl').first().waitFor();
    for (const element of ['document.documentElement', 'document.querySelector("#detail")']) {
      expect(await page.evaluate<number>(`${element}.scrollWidth - ${element}.clientWidth`), element).toBe(0);
    }
  });
});
