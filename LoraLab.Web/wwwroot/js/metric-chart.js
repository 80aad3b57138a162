// The bridge between MetricChart and ApexCharts: renders a finished drawing. Zoom, crosshair and tooltip are ours (chart-hover.js),
// so that a redraw never loses them and every chart of a page shows the same step.
import { attach } from './chart-hover.js';
import { compose, save } from './chart-picture.js';

const drawEvery = 400;
let library;

function load() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = new URL('../lib/apexcharts.min.js', import.meta.url);
    script.onload = () => resolve(window.ApexCharts);
    script.onerror = () => reject(new Error('lib/apexcharts.min.js could not be loaded'));
    document.head.append(script);
  });
  return library;
}

const space = 'http://www.w3.org/2000/svg';
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Figures as NumberFormat (LoraLab.Contracts) writes them.
const decimals = (value, digits) => value.toLocaleString('en', { maximumFractionDigits: digits }).replace('-', '−');
const scientific = (value, digits) => value.toExponential(digits).replace(/\.?0+e/, 'e').replace('e+', 'e').replace(/^-/, '−');

function number(value) {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size === 0) { return String(size && value); }
  if (size < 1e-3 || size >= 1e7) { return scientific(value, 3); }
  return decimals(value, Math.max(0, 3 - Math.floor(Math.log10(size))));
}

const percent = value => `${(value * 100).toFixed(2).replace(/^-/, '−')}%`;

export function format(drawing, drawn) {
  const value = drawing.logY ? 10 ** drawn : drawn;
  if (drawing.format === 'share') { return percent(value); }
  if (drawing.format === 'rate') { return value !== 0 && Math.abs(value) < 0.01 ? scientific(value, 4) : decimals(value, 6); }
  return number(value);
}

// Ticks have no trailing zeros; those of a logarithmic axis are round in the exponent only.
function tick(drawing, drawn) {
  if (drawing.logY) { return format({ ...drawing, logY: false }, Number((10 ** drawn).toPrecision(3))); }
  // Ticks are sums of steps, so that the one at zero may be a rounding error.
  const value = Math.abs(drawn) * 1e6 < drawing.y.max - drawing.y.min ? 0 : drawn;
  return drawing.format === 'share' ? `${decimals(value * 100, 2)}%` : format(drawing, value);
}

// A logarithmic axis has ticks at 1, 2 and 5, which are not equally far apart: they are drawn as annotations, which are equally part of a
// saved picture.
function logTicks(drawing, ink) {
  return drawing.yTicks.map(y => ({
    y, strokeDashArray: 0, borderColor: css('--line'),
    label: {
      text: tick(drawing, y), position: 'left', textAnchor: 'end', offsetX: -8, offsetY: 4, borderWidth: 0,
      style: { background: 'transparent', color: ink, fontSize: '11px', padding: { left: 0, right: 0, top: 0, bottom: 0 } },
    },
  }));
}

function options(drawing, settings) {
  const ink = css('--text-2');
  const log = drawing.yTicks.length > 0;
  const few = drawing.lines.every(line => line.x.length === 1);
  return {
    chart: {
      type: 'line', height: settings.height, background: 'transparent', fontFamily: 'inherit', foreColor: ink,
      animations: { enabled: false }, toolbar: { show: false }, zoom: { enabled: false }, selection: { enabled: false },
    },
    series: drawing.lines.map(line => ({ name: line.name, data: line.x.map((x, i) => [x, line.y[i]]) })),
    colors: drawing.lines.map(line => line.color),
    stroke: { curve: 'straight', width: drawing.lines.map(line => (line.faint ? 1 : 2)), lineCap: 'round', dashArray: drawing.lines.map(line => line.dash) },
    // A single point has no line, so it gets a marker.
    markers: { size: few ? 4 : 0, strokeWidth: 0, hover: { sizeOffset: 0 } },
    fill: { type: 'solid', opacity: drawing.lines.map(line => (line.faint ? 0.2 : 1)) },
    dataLabels: { enabled: false },
    legend: { show: false },
    tooltip: { enabled: false },
    grid: {
      borderColor: css('--line'), strokeDashArray: 0, padding: { left: 6, right: 14, top: -12, bottom: 2 }, yaxis: { lines: { show: !log } },
    },
    annotations: { yaxis: logTicks(drawing, ink) },
    xaxis: {
      type: 'numeric', min: drawing.x.min, max: drawing.x.max, tickAmount: drawing.x.ticks, decimalsInFloat: 0,
      labels: { formatter: value => Number(Number(value).toFixed(1)).toLocaleString('en'), style: { fontSize: '11px' } },
      axisBorder: { color: css('--line-2') }, axisTicks: { color: css('--line-2'), height: 4 }, tooltip: { enabled: false }, crosshairs: { show: false },
      title: { text: settings.xName, offsetY: 0, style: { color: ink, fontSize: '11px', fontWeight: 500 } },
    },
    yaxis: {
      min: drawing.y.min, max: drawing.y.max, tickAmount: drawing.y.ticks, forceNiceScale: false,
      // Blanks keep the room that the ticks of a logarithmic axis are drawn in.
      labels: { formatter: value => (log ? '\u2007'.repeat(7) : tick(drawing, value)), minWidth: 48, maxWidth: 72, style: { fontSize: '11px' } },
      crosshairs: { show: false },
      title: { text: settings.yName, style: { color: ink, fontSize: '11px', fontWeight: 500 } },
    },
    annotations: {
      xaxis: drawing.moments.filter(moment => moment.x >= drawing.x.min && moment.x <= drawing.x.max).map(moment => ({
        x: moment.x, borderColor: ink, strokeDashArray: 3,
        label: { text: moment.text, orientation: 'horizontal', textAnchor: 'start', offsetY: 6, borderWidth: 0,
          style: { background: 'transparent', color: ink, fontSize: '10px' } },
      })),
    },
    states: { hover: { filter: { type: 'none' } }, active: { filter: { type: 'none' } } },
  };
}

class Chart {
  constructor(element, owner, settings) {
    this.element = element;
    this.settings = settings;
    this.host = document.createElement('div');
    element.append(this.host);
    this.hover = attach(element, this, owner);
    // Charts far down the page wait until they scroll into view.
    this.sight = new IntersectionObserver(entries => {
      const seen = entries.at(-1).isIntersecting;
      if (seen !== this.seen) {
        this.seen = seen;
        owner.invokeMethodAsync('VisibilityChanged', seen);
      }
      this.schedule();
    }, { rootMargin: '300px' });
    this.sight.observe(element);
    this.paint = new MutationObserver(() => { this.dirty = true; this.schedule(); });
    this.paint.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  }

  draw(drawing) {
    this.drawing = drawing;
    this.dirty = true;
    this.schedule();
  }

  schedule() {
    if (this.timer || !this.dirty || !this.seen || !this.drawing || this.gone) { return; }
    // Long curves are redrawn less often: drawing never takes more than a quarter of the time.
    const pause = Math.max(drawEvery, 3 * (this.took ?? 0));
    const wait = Math.max(0, pause - (performance.now() - (this.drawnAt ?? -pause)));
    this.timer = setTimeout(() => this.render(), wait);
  }

  async render() {
    const drawing = this.drawing;
    this.dirty = false;
    const begin = performance.now();
    try {
      const ApexCharts = await load();
      if (this.gone) { return; }
      if (drawing.pointCount === 0) {
        this.apex?.destroy();
        this.apex = null;
      } else if (!this.apex) {
        this.apex = new ApexCharts(this.host, options(drawing, this.settings));
        await this.apex.render();
      } else {
        await this.apex.updateOptions(options(drawing, this.settings), false, false, false);
      }
      this.drawBands(drawing);
      this.hover.redrawn(drawing);
      Object.assign(this.element.dataset, {
        seriesCount: drawing.seriesCount, pointCount: drawing.pointCount, lineCount: drawing.lines.length,
        lastX: drawing.lines.reduce((last, line) => Math.max(last, line.x.at(-1) ?? 0), 0),
      });
    } catch (failure) {
      // A failing chart must not break the page; the table view still shows the points.
      console.error(failure);
      this.host.textContent = `The chart could not be drawn: ${failure.message}`;
    } finally {
      this.drawnAt = performance.now();
      this.took = this.drawnAt - begin;
      // For scripts/dashboard-speed.cjs.
      Object.assign(this.element.dataset, { took: this.took, draws: (this.draws = (this.draws ?? 0) + 1) });
      this.timer = null;
      this.schedule();
    }
  }

  /** Draws the spreads around means as areas behind the curves, within the picture, so that a saved one has them. */
  drawBands(drawing) {
    this.host.querySelectorAll('.chart-band').forEach(band => band.remove());
    const inner = this.host.querySelector('.apexcharts-inner');
    const frame = this.frame();
    if (!inner || !frame || drawing.bands.length === 0) { return; }
    const group = document.createElementNS(space, 'svg');
    group.setAttribute('class', 'chart-band');
    // A picture within the picture cuts off what lies outside the plot.
    Object.entries({ x: 0, y: 0, width: frame.width, height: frame.height, overflow: 'hidden' }).forEach(([key, value]) => group.setAttribute(key, value));
    const left = x => ((x - frame.min) / (frame.max - frame.min)) * frame.width;
    const top = y => (1 - (y - frame.yMin) / (frame.yMax - frame.yMin)) * frame.height;
    for (const band of drawing.bands) {
      const area = document.createElementNS(space, 'polygon');
      const ends = [...band.x.map((x, i) => [left(x), top(band.high[i])]), ...band.x.map((x, i) => [left(x), top(band.low[i])]).reverse()];
      area.setAttribute('points', ends.map(end => end.map(place => place.toFixed(1)).join(',')).join(' '));
      area.setAttribute('fill', band.color);
      area.setAttribute('fill-opacity', '0.18');
      group.append(area);
    }
    inner.prepend(group);
  }

  /** Changes the titles of the axes. */
  name(settings) {
    Object.assign(this.settings, settings);
    this.dirty = true;
    this.schedule();
  }

  /** The plot area in pixels of the element, with the ranges of the axes. */
  frame() {
    const globals = this.apex?.w?.globals;
    return globals && {
      left: globals.translateX, top: globals.translateY, width: globals.gridWidth, height: globals.gridHeight, min: globals.minX, max: globals.maxX,
      yMin: globals.minYArr[0], yMax: globals.maxYArr[0],
    };
  }

  async save(kind, name, texts) {
    if (!this.apex) { return; }
    const colors = { background: css('--surface'), ink: css('--text') };
    await save(compose(this.host.querySelector('svg'), this.drawing, this.frame(), texts, colors), kind, name);
  }

  dispose() {
    this.gone = true;
    clearTimeout(this.timer);
    this.sight.disconnect();
    this.paint.disconnect();
    this.hover.dispose();
    this.apex?.destroy();
    this.element.replaceChildren();
  }
}

export function create(element, owner, settings) {
  return new Chart(element, owner, settings);
}
