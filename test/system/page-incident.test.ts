import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Incident } from '../../controller/domain/incidents/incident.js';
import { startWebServer, type WebServer } from '../../controller/web/server.js';
import { NOW_MS } from '../../controller/web/testing/fixtures.js';
import { siteId } from '../../proto/contract/ids.js';
import { Secret } from '../../proto/contract/secret.js';
import { ADMINISTRATOR, hasChromium, launchChromium, type PageOptions, pageOptions } from './chromium.js';

const PASSWORD = 'correct horse battery';

const INCIDENT: Incident = {
  id: '019a8f3e-0000-7000-8000-000000000001',
  cause: 'node:pi-7',
  site: 'cam',
  row: 'hung',
  verdict: 'its kernel or its NFS client hangs',
  severity: 'warning',
  openedAtMs: NOW_MS - 180_000,
  members: [{ name: 'pi-7', state: 'await-hands', heldBecause: '', sinceMs: NOW_MS, wellSinceMs: undefined }],
  sides: [{ side: 'switch', name: 'sw-1 port 7', words: 'its link is up' }],
  ...{ wellSinceMs: undefined, overAtMs: undefined, closedAtMs: undefined, closedBy: '', acknowledged: undefined },
};

describe.skipIf(!hasChromium)('an incident on the page in chromium', () => {
  let browser: Browser;
  let dir = '';
  let options: PageOptions;
  let server: WebServer;
  let page: Page;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    ({ dir, options } = await pageOptions());
    await options.store.transact(({ incidents }) => incidents.putIncident(INCIDENT));
    for (const role of ['operator', 'viewer'] as const) {
      const grants = [{ role, sites: [siteId('cam')] }];
      await options.access.users.create({ name: role, password: new Secret(PASSWORD), grants }, ADMINISTRATOR);
    }
    server = await startWebServer(options);
  });
  afterEach(async () => {
    await page.context().close();
    await server.close();
    await options.store.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function opened(name: string, width = 1280, colorScheme: 'light' | 'dark' = 'light'): Promise<void> {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
    page = await context.newPage();
    await page.goto(`${server.url}/login.html`);
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'its kernel or its NFS client hangs' }).click();
    await page.getByText('its link is up').waitFor();
  }
  const answer = () => page.getByRole('button', { name: 'See to it, or say something' });

  test.for([
    [1280, 'light'],
    [360, 'dark'],
  ] as const)(
    'at %i px, in the %s: somebody sees to it and says so, and both are in its story',
    async ([width, scheme]) => {
      await opened('operator', width, scheme);
      await answer().click();
      await page.locator('#answer-text:focus').waitFor();
      await page.keyboard.type('On my way.\n<b>With a card</b>');
      const folder = process.env['BRAMBLE_SCREENSHOTS'];
      if (folder !== undefined) await page.screenshot({ path: path.join(folder, `answer-${scheme}.png`) });
      expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      await page.getByRole('button', { name: 'Say it' }).click();
      await page.locator('#answer').waitFor({ state: 'hidden' });
      await page.locator('.incident-head', { hasText: 'operator sees to it' }).waitFor();
      const story = page.locator('.incident-steps');
      await story.getByText('operator: On my way. <b>With a card</b>').waitFor();
      expect(await story.locator('b').count()).toBe(0);
      if (folder !== undefined) await page.screenshot({ path: path.join(folder, `answered-${scheme}.png`) });
    },
  );

  test('what is refused is said in the dialog, and what was typed is still there', async () => {
    await opened('operator');
    await answer().click();
    await page.getByLabel('I see to it').uncheck();
    await page.getByRole('button', { name: 'Say it' }).click();
    await page.getByText('There is nothing to say yet.').waitFor();
    await page.locator('#answer-text').fill('It is a cable');
    await options.access.users.change(
      'operator',
      { grants: [{ role: 'viewer', sites: [siteId('cam')] }] },
      ADMINISTRATOR,
    );
    await page.getByRole('button', { name: 'Say it' }).click();
    await page.locator('#answer-said', { hasText: 'What to do' }).waitFor();
    expect(await page.locator('#answer-text').inputValue()).toBe('It is a cable');
  });

  test('who may only look is offered nothing', async () => {
    await opened('viewer');
    expect(await answer().count()).toBe(0);
  });
});
