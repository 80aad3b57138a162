// Measures the dashboard in Chromium: what a first visit transfers, how soon a later one shows runs (as last seen, and from the server), how
// soon an evaluation is on the page, how long charts take, how ten thousand rows scroll, and whether memory stays flat. Figures are in
// docs/performance.md.
//
//   LoraLab__WorkerPath=$(ls LoraLab.Tests.ScriptedWorker/bin/Debug/net10.0/LoraLab.Tests.ScriptedWorker.dll) \
//     dotnet PUBLISHED/LoraLab.Server.dll --urls http://127.0.0.1:5080 &
//   LoraLab.Tests/bin/Debug/net10.0/.playwright/node/linux-x64/node scripts/dashboard-speed.cjs http://127.0.0.1:5080 [WHAT...]
//
// WHAT: transfer, paint, evaluation, redraw, scroll, memory; all of them by default. The scripted worker of the tests trains nothing, so
// that the figures are those of the dashboard. CHROMIUM names the browser.
const path = require('node:path');
const { chromium } = require(path.join(__dirname, '../LoraLab.Tests/bin/Debug/net10.0/.playwright/package/index.js'));

const [address, ...chosen] = process.argv.slice(2);
const api = `${address}/api/v1`;
const wants = what => chosen.length === 0 || chosen.includes(what);
const say = (what, value) => console.log(`${what.padEnd(64)} ${value}`);
const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const wait = ms => new Promise(resolve => setTimeout(resolve, ms));

async function call(method, route, body) {
  const response = await fetch(api + route, {
    method, body: body && JSON.stringify(body), headers: body ? { 'Content-Type': 'application/json' } : {},
  });
  if (!response.ok) { throw new Error(`${method} ${route}: ${response.status} ${await response.text()}`); }
  return response.json();
}

async function ended(id) {
  for (;;) {
    const run = await call('GET', `/runs/${id}`);
    if (run.endedAt) { return run; }
    await wait(200);
  }
}

// The time of the first row or card with content, from the start of the navigation, on the page's own clock.
const watchFirst = selector => {
  window.firstUseful = null;
  new MutationObserver(() => {
    if (window.firstUseful === null && document.querySelector(selector)) {
      requestAnimationFrame(() => { window.firstUseful ??= performance.now(); });
    }
  }).observe(document, { childList: true, subtree: true, attributes: true });
};

async function open(context, route, selector) {
  const page = await context.newPage();
  await page.addInitScript(watchFirst, selector);
  await page.goto(address + route);
  await page.waitForFunction(() => window.firstUseful !== null, null, { timeout: 120000 });
  return page;
}

async function transfer(browser) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  let bytes = 0;
  session.on('Network.loadingFinished', event => { bytes += event.encodedDataLength; });
  await page.goto(`${address}/runs`);
  await page.waitForSelector('h1', { timeout: 120000 });
  await page.waitForLoadState('networkidle');
  say('first visit, transferred', `${(bytes / 1e6).toFixed(2)} MB`);
  await context.close();
}

// When the rows of the last view and those of the page were painted first, and until when the page was hidden by the view, by the page's own
// clock. The second frame after a change has painted it.
const watchRows = selector => {
  window.painted = {};
  const note = (what, reached) => {
    if (reached && !(what in window.painted)) {
      window.painted[what] = null;
      requestAnimationFrame(() => requestAnimationFrame(() => { window.painted[what] = performance.now(); }));
    }
  };
  const look = () => {
    const covered = document.documentElement?.classList.contains('lastview-on');
    const view = document.querySelector('iframe.lastview')?.contentDocument;
    note('boot', document.querySelector('.boot'));
    note('view', covered && view?.querySelector(selector));
    note('page', !covered && document.querySelector(`#app :is(${selector})`));
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
};

async function paint(browser) {
  const rows = '[data-testid="run-row"], .empty';
  const seconds = times => times.includes(undefined) ? 'not shown' : `${(median(times) / 1000).toFixed(2)} s (${times.map(time => (time / 1000).toFixed(2)).join(', ')})`;
  // In a tab that is open, as by a reload or an address; in a new tab, for which Chromium starts a process first; and without a last view.
  for (const [visit, newTab, keeps] of [['in an open tab', false, true], ['in a new tab', true, true], ['in a new tab, nothing kept', true, false]]) {
    const context = await browser.newContext();
    if (!keeps) { await context.addInitScript(() => Object.defineProperty(window, 'localStorage', { value: undefined })); }
    const first = await open(context, '/runs', rows);
    // A view is kept some seconds after the page was shown.
    await wait(6000);
    await first.close();
    const visits = [];
    let page = null;
    for (let i = 0; i < 7; i++) {
      if (newTab || page === null) {
        page = await context.newPage();
        await page.addInitScript(watchRows, rows);
        if (!newTab) { await page.goto(`${address}/health/live`); }
      }
      await page.goto(`${address}/runs`);
      await page.waitForFunction(() => window.painted.page > 0, null, { timeout: 120000 });
      visits.push(await page.evaluate(() => window.painted));
      if (newTab) { await page.close(); } else { await page.goto(`${address}/health/live`); }
    }
    const of = what => seconds(visits.map(visit => visit[what]));
    say(keeps ? `later visit ${visit}, rows of the last view painted` : `later visit ${visit}, boot mark`, of(keeps ? 'view' : 'boot'));
    say('the same visits, rows from the server painted', of('page'));
    await context.close();
  }
}

async function evaluation(browser) {
  const context = await browser.newContext();
  // Else a first visit would take longer than the run.
  await (await open(context, '/runs', '[data-testid="run-row"], .empty')).close();
  const run = await call('POST', '/runs', { notes: 'bowl steps=200 rows=32 delay=250', evalEvery: 4, priority: 1000 });
  const page = await open(context, `/runs/${run.id}`, '[data-metric="eval/accuracy"] [data-point-count]');
  const drawn = {};
  await page.exposeFunction('drawn', (x, at) => { drawn[x] ??= at; });
  await page.evaluate(() => {
    const plot = document.querySelector('[data-metric="eval/accuracy"] [data-testid="chart-plot"]');
    new MutationObserver(() => window.drawn(Number(plot.dataset.lastX), Date.now())).observe(plot, { attributes: true, attributeFilter: ['data-last-x'] });
  });
  // The server's events say when each evaluation was reported.
  const reported = {};
  const events = await fetch(`${api}/runs/${run.id}/events`, { headers: { Accept: 'text/event-stream' } });
  const reader = events.body.getReader();
  let text = '';
  while (!text.includes('"endedAt":"')) {
    const { done, value } = await reader.read();
    if (done) { break; }
    text += new TextDecoder().decode(value);
  }
  await reader.cancel();
  for (const line of text.split('\n').filter(line => line.startsWith('data:'))) {
    const event = JSON.parse(line.slice(5));
    const series = event.data?.series?.['eval/accuracy'] ?? event.series?.['eval/accuracy'];
    series?.x.forEach(x => { reported[x] ??= Date.parse(event.at); });
  }
  await wait(1500);
  const delays = Object.keys(drawn).filter(x => reported[x]).map(x => drawn[x] - reported[x]).filter(delay => delay >= 0);
  say(`evaluation reported to drawn, ${delays.length} evaluations`, delays.length
    ? `median ${median(delays)} ms, longest ${Math.max(...delays)} ms` : 'none was seen');
  await context.close();
}

async function redraw(browser) {
  const runs = [];
  for (let i = 0; i < 12; i++) { runs.push((await call('POST', '/runs', { notes: 'steps=1250 delay=0 rows=32', seed: i, evalEvery: 50, priority: 900 })).id); }
  for (const id of runs) { await ended(id); }
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await open(context, `/compare?runs=${runs.join(',')}&metric=train/loss&smooth=0`, '[data-took]');
  const took = () => page.$eval('[data-took]', element => ({ took: Number(element.dataset.took), count: Number(element.dataset.pointCount) }));
  const times = [];
  let count = 0;
  for (let i = 0; i < 8; i++) {
    const before = await page.$eval('[data-took]', element => element.dataset.draws);
    await page.getByTestId('ylog').setChecked(i % 2 === 0);
    await page.waitForFunction(draws => document.querySelector('[data-took]').dataset.draws !== draws, before);
    const now = await took();
    times.push(now.took);
    count = now.count;
  }
  say(`12 runs × 1,250 points (${count}), one chart redrawn`, `median ${median(times).toFixed(0)} ms (${times.map(time => time.toFixed(0)).join(', ')})`);
  await context.close();
}

async function scroll(browser) {
  const { runs } = await call('GET', '/run-groups?limit=1');
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await open(context, '/runs', '[data-testid="run-row"]');
  const frames = await page.evaluate(async () => {
    const wrap = document.querySelector('[data-testid="runs-wrap"]');
    const gaps = [];
    let last = performance.now();
    for (let i = 0; i < 300; i++) {
      wrap.scrollTop += 60;
      await new Promise(resolve => requestAnimationFrame(resolve));
      const now = performance.now();
      gaps.push(now - last);
      last = now;
    }
    return gaps;
  });
  const sorted = [...frames].sort((a, b) => a - b);
  say(`${runs} runs, 300 steps of 60 px: frames`, `median ${median(frames).toFixed(0)} ms, 95% ${sorted[284].toFixed(0)} ms, longest ${sorted[299].toFixed(0)} ms`);
  const jump = await page.evaluate(async () => {
    const wrap = document.querySelector('[data-testid="runs-wrap"]');
    const begin = performance.now();
    wrap.scrollTop = wrap.scrollHeight;
    const last = document.querySelector('[data-testid="run-row"]').dataset.run;
    while (document.querySelectorAll('[data-testid="run-row"]').length < 5 || document.querySelector('[data-testid="run-row"]').dataset.run === last) {
      await new Promise(resolve => requestAnimationFrame(resolve));
    }
    return performance.now() - begin;
  });
  say('the same, to the last row', `${jump.toFixed(0)} ms`);
  await context.close();
}

async function memory(browser) {
  const context = await browser.newContext();
  const page = await open(context, '/runs', '[data-testid="run-row"], .empty');
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable');
  const read = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    const heap = metrics.find(metric => metric.name === 'JSHeapUsedSize').value;
    const wasm = await page.evaluate(() => globalThis.getDotnetRuntime?.(0)?.Module?.HEAPU8?.length ?? 0);
    const nodes = metrics.find(metric => metric.name === 'Nodes').value;
    return { heap: heap / 2 ** 20, wasm: wasm / 2 ** 20, nodes };
  };
  // A day of updates at one in ten seconds is 8,640; here they come as fast as the worker reports them.
  const show = ({ heap, wasm, nodes }) => `${heap.toFixed(1)} MiB of JavaScript, ${wasm.toFixed(0)} MiB of .NET, ${nodes} nodes`;
  let updates = 0;
  say('memory, before', show(await read()));
  while (updates < 8640) {
    const run = await call('POST', '/runs', { notes: 'steps=720 delay=2 rows=32', evalEvery: 60, priority: 800 });
    await ended(run.id);
    updates += 720;
    if (updates % 2160 === 0) { say(`memory, after ${updates} updates`, show(await read())); }
  }
  await context.close();
}

(async () => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  console.log(`load average ${require('node:os').loadavg().map(load => load.toFixed(1)).join(', ')} on ${require('node:os').cpus().length} cores`);
  for (const measure of [transfer, paint, scroll, evaluation, redraw, memory]) {
    if (wants(measure.name)) { await measure(browser); }
  }
  await browser.close();
})().catch(failure => { console.error(failure); process.exit(1); });
