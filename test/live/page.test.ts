// The page of a run in a real browser: nothing refused, the points drawn, pointer and clicks answered, text seen in light and in dark.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeFolder, plainEnv, runJob } from './live-job.ts';
import { requireBackend } from './require-backend.ts';

const browser = requireBackend('chromium');
const folder = makeFolder();
const profiles: string[] = [];
const open: BrowserContext[] = [];

beforeAll(async () => {
  await runJob('page.ts', { folder });
  const bin = join(import.meta.dirname, '../../bin/runspan.cjs');
  execFileSync(process.execPath, [bin, 'show', '--html', '--out', 'run.html'], { cwd: folder, env: plainEnv() });
});
afterAll(async () => {
  for (const context of open) await context.close();
  for (const profile of profiles) rmSync(profile, { recursive: true, force: true });
});

interface Seen {
  readonly page: Page;
  /** What the browser complained of: scripts, styles and pictures that were refused, errors of the page. */
  readonly complaints: readonly string[];
  readonly requests: readonly string[];
}

async function look(colorScheme: 'light' | 'dark', width = 1280): Promise<Seen> {
  const profile = mkdtempSync(join(tmpdir(), 'runspan-chromium-'));
  profiles.push(profile);
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: browser.env.CHROMIUM_PATH,
    colorScheme,
    viewport: { width, height: 900 },
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  open.push(context);
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(join(folder, 'run.html')).href);
  return { page, complaints, requests };
}

describe.each(['light', 'dark'] as const)('in %s', (scheme) => {
  let seen: Seen;
  beforeAll(async () => {
    seen = await look(scheme);
  });

  test('it says nothing to the console, asks for nothing, and takes a name for a name', async () => {
    expect(await seen.page.title()).toContain('<script>alert(1)</script>');
    expect(await seen.page.locator('h1').textContent()).toBe('train <script>alert(1)</script>');
    expect(seen.complaints).toEqual([]);
    expect(seen.requests.filter((url) => !url.startsWith('file:') && !url.startsWith('data:'))).toEqual([]);
    expect(await seen.page.locator('a[href^="javascript:"]').count()).toBe(0);
  });

  test('a chart has its points, and the pointer reads them', async () => {
    const chart = seen.page.locator('.chart', { hasText: 'accuracy' });
    const plot = chart.locator('.plot');
    expect(await plot.getAttribute('data-points')).toBe('50');
    expect((await plot.locator('.line').getAttribute('d'))?.match(/[ML]/g)).toHaveLength(50);
    const box = await plot.boundingBox();
    await plot.hover({ position: { x: (box?.width ?? 0) - 16, y: 40 } });
    expect(await chart.locator('.reading').textContent()).toBe('step 49: 0.98');
    expect(await chart.locator('.reading').isVisible()).toBe(true);
    expect(await chart.locator('.cursor').getAttribute('visibility')).toBe('visible');
  });

  test('a hundred thousand points are drawn by their extremes, and it says so', async () => {
    const chart = seen.page.locator('.chart', { hasText: 'loss' });
    expect(await chart.locator('.plot').getAttribute('data-points')).toBe('1000');
    expect(await chart.locator('.note').textContent()).toMatch(/^1,000 of 100,000 points are drawn/);
    expect(statSync(join(folder, 'run.html')).size).toBeLessThan(500_000);
  });

  test('a click on a span opens it and leaves its own lines and those within', async () => {
    const { page } = seen;
    const lines = page.locator('.log li:visible');
    const all = await lines.count();
    const load = page.locator('.span', { hasText: 'load <img' });
    await load.locator('summary').click();
    expect(await load.locator('.inside').isVisible()).toBe(true);
    expect(await load.locator('.inside').textContent()).toContain('SELECT * FROM x WHERE a < 3');
    expect(await lines.allTextContents()).toEqual([expect.stringContaining('loaded <b>rows</b>')]);
    await page.locator('#all').click();
    expect(await lines.count()).toBe(all);
    await page.locator('#find').fill('far off');
    expect(await lines.count()).toBe(1);
    await page.locator('#find').fill('');
    await page.locator('#level').selectOption('ERROR');
    expect(await lines.allTextContents()).toEqual([expect.stringContaining('cannot evaluate')]);
    await page.locator('#level').selectOption('');
  });

  test('every text stands out from what is behind it', async () => {
    const contrasts = await seen.page.evaluate(CONTRASTS);
    expect(Object.keys(contrasts).length).toBeGreaterThan(8);
    for (const [selector, contrast] of Object.entries(contrasts)) expect(contrast, selector).toBeGreaterThan(4.5);
  });
});

test('on a narrow screen nothing is wider than the screen', async () => {
  const { page } = await look('light', 380);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(380);
});

/** WCAG's contrast of each kind of text with the first background behind it that is not transparent. */
const CONTRASTS = `(() => {
  const rgb = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => { for (let at = element; at; at = at.parentElement) { const color = rgb(getComputedStyle(at).backgroundColor); if ((color[3] ?? 1) === 1) return color; } return [255, 255, 255]; };
  const found = {};
  for (const selector of ['h1', 'h2', '.status', '.meta li', '.meta i', 'figcaption', '.facts', '.note', 'th', 'td', '.name', '.took', '.log time', '.log .said', '.error .name', '.l-error b', 'footer']) {
    const element = document.querySelector(selector);
    if (!element) continue;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    found[selector] = (a + 0.05) / (b + 0.05);
  }
  return found;
})()` as unknown as () => Record<string, number>; // a text, since tests know no DOM
