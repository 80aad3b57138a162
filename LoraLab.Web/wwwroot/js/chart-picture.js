// Saves a chart as a picture that says what it shows: title, axis titles, marks and legend, which the page has around the plot, are in it.
const space = 'http://www.w3.org/2000/svg';
const margin = 16;
const titleHeight = 40;
const axisHeight = 22;
const legendLine = 20;
const leftTitle = 22;
const scale = 2;

function node(name, attributes, text) {
  const element = document.createElementNS(space, name);
  Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
  if (text !== undefined) { element.textContent = text; }
  return element;
}

/** The lines of the legend: each curve once, without the raw values behind it. */
const entries = drawing => drawing.lines.filter(line => !line.faint && line.x.length > 0);

function legend(drawing, left, top, ink) {
  return entries(drawing).flatMap((line, i) => {
    const y = top + i * legendLine;
    return [
      node('line', { x1: left, x2: left + 30, y1: y - 4, y2: y - 4, stroke: line.color, 'stroke-width': 2, 'stroke-dasharray': line.dash || 'none' }),
      node('text', { x: left + 40, y, fill: ink, 'font-size': 12 }, line.name),
    ];
  });
}

function marks(drawing, frame, left, top) {
  return drawing.marks.map(mark => {
    const x = left + frame.left + ((mark.x - frame.min) / (frame.max - frame.min)) * frame.width;
    const low = mark.value === '-Infinity';
    const sign = node('text', { x, y: top + frame.top + (low ? frame.height : 11), fill: mark.color, 'font-size': 12, 'text-anchor': 'middle' }, low ? '▼' : '▲');
    sign.append(node('title', {}, `${mark.value} at ${mark.x} (${mark.name})`));
    return sign;
  });
}

/** Returns the picture as an SVG element. */
export function compose(plot, drawing, frame, texts, colors) {
  const { width, height } = plot.getBoundingClientRect();
  const left = margin + leftTitle;
  const top = titleHeight + 6;
  const total = { width: Math.ceil(width + left + margin), height: Math.ceil(top + height + axisHeight + margin + entries(drawing).length * legendLine + margin) };
  const picture = node('svg', { xmlns: space, viewBox: `0 0 ${total.width} ${total.height}`, ...total, 'font-family': 'Helvetica, Arial, sans-serif' });
  const copy = plot.cloneNode(true);
  // Pages in a picture are not drawn by all programs, and a canvas with one cannot be read.
  copy.querySelectorAll('foreignObject').forEach(page => page.remove());
  Object.entries({ x: left, y: top, width, height }).forEach(([key, value]) => copy.setAttribute(key, value));
  copy.removeAttribute('style');
  // The picture has titles of its own, which leave the curves the whole width.
  copy.querySelectorAll('.apexcharts-xaxis-title, .apexcharts-yaxis-title').forEach(title => title.remove());
  const middle = top + frame.top + frame.height / 2;
  picture.append(
    node('rect', { width: '100%', height: '100%', fill: colors.background }),
    node('text', { x: left, y: 28, fill: colors.ink, 'font-size': 16, 'font-weight': 600 }, texts.title),
    copy,
    node('text', { x: margin, y: middle, fill: colors.ink, 'font-size': 12, 'text-anchor': 'middle', transform: `rotate(-90 ${margin} ${middle})` }, texts.yTitle),
    node('text', { x: left + frame.left + frame.width / 2, y: top + height + 14, fill: colors.ink, 'font-size': 12, 'text-anchor': 'middle' }, texts.xTitle),
    ...marks(drawing, frame, left, top),
    ...legend(drawing, left + frame.left, top + height + axisHeight + margin + 10, colors.ink),
  );
  return picture;
}

const text = picture => new XMLSerializer().serializeToString(picture);

async function raster(picture) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text(picture))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = picture.getAttribute('width') * scale;
  canvas.height = picture.getAttribute('height') * scale;
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise(resolve => canvas.toBlob(resolve, 'image/png'));
}

/** Offers the picture as a file, kind svg or png. */
export async function save(picture, kind, name) {
  const blob = kind === 'png' ? await raster(picture) : new Blob([text(picture)], { type: 'image/svg+xml' });
  const link = document.createElement('a');
  link.download = `${name}.${kind}`;
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
