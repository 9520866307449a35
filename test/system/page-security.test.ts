import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startWebServer, type WebServer } from '../../controller/web/server.js';
import { NODE_1, NOW_MS, nodeDetail } from '../../controller/web/testing/fixtures.js';
import type { NodeDetail } from '../../proto/contract/api/fleet.js';
import { Secret } from '../../proto/contract/secret.js';
import { ADMINISTRATOR, hasChromium, launchChromium, type PageOptions, pageOptions } from './chromium.js';

/** Each would leave a mark if the page took it for anything but text. */
const HOSTILE = [
  '<img src=/ran onerror="window.ran=1">',
  '<script>window.ran=2</script>',
  '"><svg onload="window.ran=3"><a href="javascript:window.ran=4">x</a>',
  '</title></style><iframe srcdoc="<script>parent.ran=5</script>">',
  "');window.ran=6;alert(6)//{{constructor.constructor('window.ran=7')()}}",
  '<form action=/ran><input autofocus onfocus="window.ran=8"><style>@import"/ran"</style>',
] as const;

/** Runs before the page's own script does. */
const COUNT_VIOLATIONS = `window.violations = 0;
  addEventListener('securitypolicyviolation', () => { window.violations += 1; });`;

/** What a hostile node and whoever names things can fill in, all of it, past every check of the controller. */
function hostileNode(text: string): NodeDetail {
  const trouble = { status: 'true', severity: 'error', sinceMs: NOW_MS } as const;
  const work = { scope: 'node', owner: text, reason: text, sinceMs: NOW_MS, untilMs: NOW_MS + 60_000 } as const;
  return nodeDetail({
    ...{ name: text, site: text, model: text, serial: text, agentVersion: text, why: text, state: 'troubled' },
    labels: { [text]: text },
    maintenance: work,
    desiredTry: { revision: 1, outcome: 'refused', detail: text },
    conditions: [{ ...trouble, type: text, instance: text, message: text, remedy: text }],
    facts: [
      { fact: 'hostname_text', instance: text, value: text },
      { fact: text, instance: '', value: text },
      { fact: 'temperature_millidegrees', instance: text, value: 51_000 },
    ],
  });
}

describe.skipIf(!hasChromium)('the page in chromium, among enemies', () => {
  let browser: Browser;
  let dir = '';
  let options: PageOptions;
  let server: WebServer;
  let page: Page;
  let noted: string[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    const history = { series: async () => [{ atMs: NOW_MS - 60_000, value: 51_000 }] };
    ({ dir, options } = await pageOptions({ history }));
    server = await startWebServer(options);
    noted = [];
  });
  afterEach(async () => {
    await page.context().close();
    await server.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function fresh(width = 1280, colorScheme: 'light' | 'dark' = 'light'): Promise<void> {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
    page = await context.newPage();
    await page.addInitScript(COUNT_VIOLATIONS);
    page.on('console', (message) => noted.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => noted.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => {
      noted.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (request.url().includes('/ran')) noted.push(`request: ${request.url()}`);
    });
  }

  async function signIn(name: string, password: string): Promise<void> {
    await page.goto(`${server.url}/login.html`);
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await page.locator('.link--live').waitFor();
  }

  test.for(HOSTILE)('T-39 nothing of %s runs, whatever field of a node or event has it', async (text) => {
    options.fleet.putNode(hostileNode(text));
    const event = { atMs: NOW_MS, nodeId: NODE_1, nodeName: text, reason: text, message: text } as const;
    options.fleet.addEvent({ ...event, severity: 'error' });
    await fresh();
    await page.goto(`${server.url}${(await options.access.createLoginLink(60_000, ADMINISTRATOR)).path}`);
    await page.locator('.link--live').waitFor();
    await page.locator('tr.node .open').click();
    await page.locator('#detail .graph').first().waitFor();
    await page.locator('#detail dl').first().waitFor();
    await expect.poll(() => page.locator('#detail-title').textContent()).toBe(text);
    for (const place of ['#node-list', '#event-list', '#detail']) {
      await expect.poll(() => page.locator(place).textContent(), { message: place }).toContain(text);
      const made = ['img', 'script', 'iframe', 'a[href^="javascript:"]', '[onload]', '[onerror]', '[onfocus]', 'style'];
      expect(await page.locator(made.map((tag) => `${place} ${tag}`).join(',')).count(), place).toBe(0);
    }
    await page.keyboard.press('Escape');
    await page.locator('#filter').fill(text);
    await page.goto(`${server.url}/#q=${encodeURIComponent(text)}&node=${encodeURIComponent(text)}`);
    await page.reload();
    await page.locator('.link--live').waitFor();
    expect(await page.evaluate<unknown>('[window.ran ?? "nothing", window.violations]')).toEqual(['nothing', 0]);
    expect(noted.filter((line) => !line.includes('status of 4'))).toEqual([]); // no such node: the browser notes it
  });

  describe('one’s own password', () => {
    const OLD = 'correct horse battery';
    const NEW = 'staple of another kind';

    beforeEach(async () => {
      const grants = [{ role: 'viewer', sites: 'all' }] as const;
      await options.access.users.create({ name: 'lee', password: new Secret(OLD), grants }, ADMINISTRATOR);
    });

    const said = () => page.locator('#password-said').textContent();

    test('is changed by keyboard alone; no field keeps it, and the old one no longer opens', async () => {
      await fresh(360);
      await signIn('lee', OLD);
      await page.getByRole('button', { name: 'Password' }).focus();
      await page.keyboard.press('Enter');
      await page.locator('#password-present:focus').waitFor();
      const type = async (...words: readonly string[]): Promise<void> => {
        for (const [index, word] of words.entries()) {
          if (index > 0) await page.keyboard.press('Tab');
          await page.keyboard.type(word);
        }
        await page.keyboard.press('Enter');
      };
      await type('not the present one', NEW, NEW);
      await page.getByText('password is wrong').waitFor();
      await page.locator('#password-present:focus').waitFor();
      await page.keyboard.type(OLD);
      await page.keyboard.press('Enter');
      await page.locator('#password-close:focus').waitFor();
      await expect.poll(said).toBe('The password is changed.');
      const kept = `[...document.querySelectorAll('input[type=password]')].map(({ value }) => value).join('')`;
      expect(await page.evaluate<string>(kept)).toBe('');
      for (const element of ['document.documentElement', 'document.querySelector("#password")']) {
        expect(await page.evaluate<number>(`${element}.scrollWidth - ${element}.clientWidth`), element).toBe(0);
      }
      await page.keyboard.press('Enter');
      await page.locator('#password').waitFor({ state: 'hidden' });
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.waitForURL('**/login.html'); // two ways there at once would end each other
      await signIn('lee', NEW);
      expect(noted.filter((line) => !line.includes('status of 401'))).toEqual([]);
    });

    test.for(['light', 'dark'] as const)(
      'in the %s: two different new ones are not sent, Escape forgets',
      async (scheme) => {
        await fresh(1280, scheme);
        await signIn('lee', OLD);
        await page.getByRole('button', { name: 'Password' }).click();
        await page.locator('#password-present').fill(OLD);
        await page.locator('#password-new').fill(NEW);
        await page.locator('#password-again').fill(`${NEW}r`);
        await page.getByRole('button', { name: 'Change' }).click();
        await expect.poll(said).toBe('The new password is not the same both times.');
        const folder = process.env['BRAMBLE_SCREENSHOTS'];
        if (folder !== undefined) await page.screenshot({ path: path.join(folder, `password-${scheme}.png`) });
        await page.keyboard.press('Escape');
        await page.locator('#password').waitFor({ state: 'hidden' });
        // A dialog says that it closed in a task of its own, after it is hidden.
        await expect.poll(() => page.locator('#password-present').inputValue()).toBe('');
        await page.locator('#show-password:focus').waitFor();
        expect(noted).toEqual([]);
      },
    );

    test('who came by a link has none, and sees no button', async () => {
      await fresh();
      await page.goto(`${server.url}${(await options.access.createLoginLink(60_000, ADMINISTRATOR)).path}`);
      await page.getByRole('button', { name: 'Sign out' }).waitFor();
      expect(await page.locator('#show-password').isVisible()).toBe(false);
    });
  });
});
