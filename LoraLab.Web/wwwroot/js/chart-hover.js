// Crosshair, tooltip, marks of non-finite points and zoom by dragging, drawn over a chart.
import { format } from './metric-chart.js';

const charts = new Set();

/** Returns the index of the point nearest to x; points are in ascending order. */
function nearest(xs, x) {
  let low = 0;
  let high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) { low = middle; } else { high = middle; }
  }
  return Math.abs(xs[low] - x) <= Math.abs(xs[high] - x) ? low : high;
}

/** A place on the x axis as text: a step, a number of tokens, or seconds. */
const place = x => x.toLocaleString('en', { maximumFractionDigits: x < 100 ? 1 : 0 });

function box(className) {
  const element = document.createElement('div');
  element.className = className;
  element.hidden = true;
  return element;
}

class Hover {
  constructor(element, chart, owner) {
    this.element = element;
    this.chart = chart;
    this.owner = owner;
    this.line = box('chart-cross');
    this.tip = box('chart-tip');
    this.range = box('chart-range');
    this.marks = document.createElement('div');
    element.append(this.line, this.range, this.marks, this.tip);
    this.stop = new AbortController();
    const on = (name, listener) => element.addEventListener(name, listener, { signal: this.stop.signal });
    on('pointermove', event => this.move(event));
    on('pointerleave', () => { if (!this.from) { broadcast(null); } });
    on('pointerdown', event => this.press(event));
    on('pointerup', event => this.release(event));
    on('pointercancel', () => { this.from = null; this.range.hidden = true; });
    on('dblclick', () => this.owner.invokeMethodAsync('RangeChosen', null, null));
    charts.add(this);
  }

  at(event) {
    const frame = this.chart.frame();
    if (!frame) { return null; }
    const bounds = this.element.getBoundingClientRect();
    const x = event.clientX - bounds.left - frame.left;
    const y = event.clientY - bounds.top - frame.top;
    const inside = x >= -4 && x <= frame.width + 4 && y >= -8 && y <= frame.height + 8;
    const value = frame.min + (Math.min(Math.max(x, 0), frame.width) / frame.width) * (frame.max - frame.min);
    return { frame, x: Math.min(Math.max(x, 0), frame.width), value, inside, pointerY: event.clientY - bounds.top };
  }

  move(event) {
    const at = this.at(event);
    if (!at || (!at.inside && !this.from)) { broadcast(null); return; }
    if (this.from) {
      const left = Math.min(this.from.x, at.x);
      Object.assign(this.range.style, { left: `${at.frame.left + left}px`, width: `${Math.abs(at.x - this.from.x)}px`, top: `${at.frame.top}px`, height: `${at.frame.height}px` });
      this.range.hidden = Math.abs(at.x - this.from.x) < 4;
    }
    broadcast(at.value, this, at.pointerY);
  }

  press(event) {
    const at = this.at(event);
    if (event.button === 0 && at?.inside) {
      this.from = at;
      this.element.setPointerCapture(event.pointerId);
    }
  }

  release(event) {
    const from = this.from;
    const at = this.at(event);
    this.from = null;
    this.range.hidden = true;
    if (from && at && Math.abs(at.x - from.x) >= 8) {
      const [min, max] = [from.value, at.value].sort((a, b) => a - b).map(Math.round);
      broadcast(null);
      if (max > min) { this.owner.invokeMethodAsync('RangeChosen', min, max); }
    }
  }

  show(value, own, pointerY) {
    const frame = this.chart.frame();
    const drawing = this.drawing;
    if (!frame || !drawing || value === null) { this.line.hidden = this.tip.hidden = true; return; }
    const lines = drawing.lines.filter(line => !line.faint && line.x.length > 0);
    const step = lines.map(line => line.x[nearest(line.x, value)]).sort((a, b) => Math.abs(a - value) - Math.abs(b - value))[0];
    const x = frame.left + ((step - frame.min) / (frame.max - frame.min)) * frame.width;
    const outside = step === undefined || step < frame.min || step > frame.max;
    this.line.hidden = outside;
    this.tip.hidden = outside || !own;
    Object.assign(this.line.style, { left: `${x}px`, top: `${frame.top}px`, height: `${frame.height}px` });
    if (!this.tip.hidden) {
      this.fill(drawing, lines, step);
      const left = x + 14 + this.tip.offsetWidth > this.element.clientWidth ? x - 14 - this.tip.offsetWidth : x + 14;
      const top = Math.min(Math.max(pointerY - this.tip.offsetHeight / 2, 0), Math.max(this.element.clientHeight - this.tip.offsetHeight, 0));
      Object.assign(this.tip.style, { left: `${Math.max(left, 0)}px`, top: `${top}px` });
    }
  }

  fill(drawing, lines, step) {
    const rows = lines.map(line => {
      const i = nearest(line.x, step);
      const raw = drawing.lines.find(other => other.faint && other.id === line.id);
      const behind = raw && raw.y[nearest(raw.x, step)];
      return { line, x: line.x[i], y: line.y[i], raw: behind };
    }).filter(row => row.y !== null && row.y !== undefined);
    rows.sort((a, b) => (drawing.lowerIsBetter ? a.y - b.y : b.y - a.y));
    const head = document.createElement('div');
    head.className = 'chart-tip-head';
    head.textContent = `${this.chart.settings.xName} ${place(step)}`;
    this.tip.replaceChildren(head, ...rows.map(row => this.row(drawing, row, step)));
  }

  row(drawing, { line, x, y, raw }, step) {
    const element = document.createElement('div');
    element.className = 'chart-tip-row';
    const swatch = document.createElement('i');
    swatch.style.background = line.color;
    const name = document.createElement('span');
    name.textContent = x === step ? line.name : `${line.name} (at ${place(x)})`;
    const value = document.createElement('b');
    value.textContent = format(drawing, y);
    element.append(swatch, name, value);
    if (raw !== null && raw !== undefined) {
      const behind = document.createElement('em');
      behind.textContent = `raw ${format(drawing, raw)}`;
      element.append(behind);
    }
    return element;
  }

  redrawn(drawing) {
    this.drawing = drawing;
    const frame = this.chart.frame();
    this.marks.replaceChildren(...(frame ? drawing.marks : []).map(mark => {
      const element = document.createElement('i');
      element.className = 'chart-mark';
      element.title = `${mark.value} at ${this.chart.settings.xName.toLowerCase()} ${place(mark.x)} (${mark.name})`;
      const low = mark.value === '-Infinity';
      element.textContent = low ? '▼' : '▲';
      element.style.left = `${frame.left + ((mark.x - frame.min) / (frame.max - frame.min)) * frame.width}px`;
      element.style.top = `${low ? frame.top + frame.height - 12 : frame.top}px`;
      return element;
    }));
  }

  dispose() {
    this.stop.abort();
    charts.delete(this);
  }
}

function broadcast(value, own, pointerY) {
  for (const hover of charts) {
    hover.show(value, hover === own, pointerY);
  }
}

export function attach(element, chart, owner) {
  return new Hover(element, chart, owner);
}
