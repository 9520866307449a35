import { type Browser, chromium, type Page } from 'playwright-core';
import { startApiRig } from './api-rig.js';
import { type Figure, median } from './figure.js';

const NODES = 10_000;
const TURNS = 5;
/** As where the API is measured: a fleet of that size at the usual cadence of 30 s. */
const REPORTS_PER_TURN = 33;
const TURN_MS = 100;

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];

/** Until everything that the page was told is on the screen, ms, from the moment when all had been told. */
const DRAW_MS = `new Promise((resolve) => {
  const at = (mark) => performance.getEntriesByName(mark)[0]?.startTime;
  const look = () => {
    const drawnMs = at('bramble drawn');
    if (drawnMs === undefined) setTimeout(look, 20);
    else resolve(drawnMs - at('bramble live'));
  };
  look();
})`;

/** From a change of the filter until the browser has drawn what it lets through, ms. */
const filterMs = (words: string) => `new Promise((resolve) => {
  const box = document.getElementById('filter');
  const startedMs = performance.now();
  box.value = '${words}';
  box.dispatchEvent(new Event('input'));
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - startedMs)));
})`;

/** The same browser, and a table of as many rows in one piece: what a page that draws every node would take at the least. */
const PLAIN_TABLE_MS = `new Promise((resolve) => {
  const startedMs = performance.now();
  const row = (_, n) => '<tr><td>pi-' + n + '</td><td>ready</td><td>reports arrive</td><td>4 s ago</td></tr>';
  document.body.innerHTML = '<table>' + Array.from({ length: ${NODES} }, row).join('') + '</table>';
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - startedMs)));
})`;

/** The page in Chromium, over the API of a fleet of ten thousand that reports. */
export async function measurePage(): Promise<readonly Figure[]> {
  const rig = await startApiRig(NODES);
  const reports = setInterval(() => rig.report(REPORTS_PER_TURN), TURN_MS);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  try {
    const took: Record<'draw' | 'one' | 'all' | 'plain', number[]> = { draw: [], one: [], all: [], plain: [] };
    for (let turn = 0; turn < TURNS; turn++) {
      const page = await openPage(browser, await rig.loginUrl());
      took.draw.push(await page.evaluate<number>(DRAW_MS));
      took.one.push(await page.evaluate<number>(filterMs(`pi-${NODES - 1}`)));
      took.all.push(await page.evaluate<number>(filterMs('')));
      await page.context().close();
      const bare = await browser.newPage();
      took.plain.push(await bare.evaluate<number>(PLAIN_TABLE_MS));
      await bare.close();
    }
    const more = { unit: 'ms', baseline: median(took.plain), baselineName: 'a plain table of all rows' };
    return [
      { figure: 'page.draw_10000', value: median(took.draw), ...more, goal: 1_000 },
      { figure: 'page.filter_10000_to_one', value: median(took.one), ...more, goal: 500 },
      { figure: 'page.filter_to_all_10000', value: median(took.all), ...more, goal: 500 },
    ];
  } finally {
    clearInterval(reports);
    await browser.close();
    await rig.close();
  }
}

async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 1_280, height: 800 } })).newPage();
  await page.goto(url);
  await page.locator('.link--live').waitFor(); // two pages: the way in, and the fleet
  return page;
}
