import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadAssets } from '../../controller/web/assets.js';
import { startWebServer, type WebServer } from '../../controller/web/server.js';
import { NODE_1, NOW_MS, nodeDetail, webOptions } from '../../controller/web/testing/fixtures.js';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

/** The built page in a real browser, over the real doors and a fleet in memory. */
describe.skipIf(!existsSync(CHROMIUM))('the page in chromium', () => {
  let browser: Browser;
  let dir = '';
  let options: ReturnType<typeof webOptions>;
  let server: WebServer;
  let page: Page;
  let complaints: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  afterAll(async () => {
    await browser.close();
  });
  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'bramble-page-'));
    const assets = await loadAssets(path.resolve('dist/dashboard'));
    options = webOptions(path.join(dir, 'admin.sock'), { assets });
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
    await page.goto(server.url);
    await page.locator('.link--live').waitFor();
  }

  const headline = () => page.locator('#headline').textContent();
  const rowNames = () => page.locator('tr.node .open').allTextContents();

  test('an empty fleet tells how the first node joins', async () => {
    await open();
    expect(await headline()).toBe('No node has joined yet');
    expect(await page.locator('.empty').textContent()).toContain('bramble token create');
    expect(complaints).toEqual([]);
  });

  test('nodes and events come by themselves, trouble first, and the tab counts it', async () => {
    options.fleet.putNode(nodeDetail());
    await open();
    expect(await headline()).toBe('The one node is ready');
    const trouble = { id: 'n-0000000000002', name: 'pi-02', state: 'no-contact', why: 'No report for 90 s' } as const;
    options.fleet.putNode(nodeDetail({ ...trouble, lastSeenMs: NOW_MS - 300_000 }));
    options.fleet.addEvent({ atMs: NOW_MS, severity: 'error', reason: 'NodeSilent', message: 'No report for 90 s' });
    await page.locator('.event--error').waitFor();
    await page.locator('.summary--attention').waitFor();
    expect([await headline(), await page.title()]).toEqual(['1 of 2 nodes needs attention', '(1) Bramble']);
    expect(await rowNames()).toEqual(['pi-02', 'pi-01']);
    expect(await page.locator('tr.node').first().textContent()).toContain('5 min ago');
    expect(complaints).toEqual([]);
  });

  test('what a node says is text: no markup, no script, no picture is fetched', async () => {
    const hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    options.fleet.putNode(
      nodeDetail({
        name: hostile,
        model: hostile,
        why: hostile,
        facts: [{ fact: 'hostname_text', instance: '', value: hostile }],
      }),
    );
    options.fleet.addEvent({
      atMs: NOW_MS,
      nodeId: NODE_1,
      nodeName: hostile,
      severity: 'info',
      reason: 'Test',
      message: hostile,
    });
    await open();
    await page.locator('tr.node .open').click();
    await page.locator('dialog dl').first().waitFor();
    expect(await page.locator('#detail-title').textContent()).toBe(hostile);
    expect(await page.locator('main img, dialog img, main script, dialog script').count()).toBe(0);
    expect(await page.title()).toBe('Bramble');
    expect(complaints).toEqual([]);
  });

  test('the keyboard opens a node’s facts, Escape closes them, and the focus comes back', async () => {
    options.fleet.putNode(nodeDetail());
    await open();
    await page.locator('tr.node .open').focus();
    await page.keyboard.press('Enter');
    await page.getByText('Facts as they were reported (1)').waitFor();
    expect(await page.locator('dialog').textContent()).toContain('911.0 MiB');
    expect(new URL(page.url()).hash).toBe(`#node=${NODE_1}`);
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'hidden' });
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
    expect(await page.locator('#link').textContent()).toMatch(/^Reconnecting since \d\d:\d\d:\d\d/);
    expect(await rowNames()).toEqual(['pi-01']);
    options.fleet.addEvent({ atMs: NOW_MS, severity: 'info', reason: 'Test', message: 'meanwhile' });
    server = await startWebServer({ ...options, page: { host: '127.0.0.1', port } });
    await page.locator('.link--live').waitFor();
    await page.getByText('meanwhile').waitFor();
    expect(await page.locator('.event .message').allTextContents()).toEqual(['meanwhile', 'before']);
  });

  test.for([360, 1280])('at %i px nothing sticks out', async (width) => {
    const long = 'a-very-long-name-without-any-place-to-break-it-'.repeat(3);
    options.fleet.putNode(nodeDetail({ name: long, state: 'troubled', why: long }));
    await open(width);
    await page.locator('tr.node .open').click();
    await page.locator('dialog dl').first().waitFor();
    for (const element of ['document.documentElement', 'document.querySelector("dialog")']) {
      expect(await page.evaluate<number>(`${element}.scrollWidth - ${element}.clientWidth`), element).toBe(0);
    }
  });
});
