/** A line for each series over a logarithmic x axis. */
export interface LinePlot {
  title: string;
  /** What the axes count. */
  x: string;
  /** Where the x axis has ticks, and its ends; every power of ten when not given. */
  xTicks?: readonly number[];
  y: string;
  series: readonly PlotSeries[];
}

export interface PlotSeries {
  name: string;
  /** x above zero, y from zero on. */
  points: readonly { x: number; y: number }[];
}

const size = { width: 720, height: 400 };
const frame = { left: 64, right: 24, top: 72, bottom: 56 };
/** Between the names of more series than four. */
const legendWidth = 105;
/** Of middle lightness, to be read on white and on near black alike: an image cannot tell which of them it stands on. */
const ink = '#7d8590';
const lineColors = ['#2f81f7', '#d9822b', '#2da44e', '#bf4bc9', '#e5534b', '#8a8f00'];

/** The plot as an SVG file without a background: unless told otherwise every power of ten between its ends has a tick. */
export function drawLinePlot({ title, x, xTicks, y, series }: LinePlot): string {
  const points = series.flatMap((one) => one.points);
  const marks = xTicks ?? powersAround(points);
  const ends = { first: Math.log10(marks[0]!), last: Math.log10(marks.at(-1)!) };
  const ticks = ticksUpTo(Math.max(...points.map((point) => point.y)));
  const [right, bottom] = [size.width - frame.right, size.height - frame.bottom];
  const across = (value: number): number =>
    frame.left + ((Math.log10(value) - ends.first) / (ends.last - ends.first)) * (right - frame.left);
  const up = (value: number): number => bottom - (value / ticks.at(-1)!) * (bottom - frame.top);
  const parts = [text(frame.left, 28, title, 'font-size="16" font-weight="600"')];
  for (const tick of ticks) {
    parts.push(line(frame.left, up(tick), right, up(tick), tick === 0 ? '1' : '0.25'));
    parts.push(text(frame.left - 8, up(tick) + 4, String(tick), 'text-anchor="end"'));
  }
  for (const mark of marks) {
    const at = across(mark);
    const power = Math.round(Math.log10(mark));
    const name = xTicks ? String(mark) : `10<tspan dy="-5" font-size="9">${power}</tspan>`;
    parts.push(line(at, bottom, at, bottom + 5, '1'));
    parts.push(text(at, bottom + 20, name, 'text-anchor="middle"', true));
  }
  parts.push(text((frame.left + right) / 2, size.height - 12, x, 'text-anchor="middle"'));
  parts.push(text(frame.left - 8, frame.top - 14, y, 'text-anchor="end"'));
  series.forEach((one, index) =>
    parts.push(drawSeries(one, index, across, up, frame.left + (series.length > 4 ? legendWidth : 130) * index)),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="${ink}">`,
    `<title>${escape(title)}</title>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function drawSeries(
  { name, points }: PlotSeries,
  index: number,
  across: (value: number) => number,
  up: (value: number) => number,
  legendAt: number,
): string {
  const color = lineColors[index % lineColors.length]!;
  const places = points.map((point) => `${round(across(point.x))},${round(up(point.y))}`);
  return [
    `<polyline points="${places.join(' ')}" fill="none" stroke="${color}" stroke-width="2"/>`,
    ...places.map((place) => {
      const [cx, cy] = place.split(',');
      return `<circle cx="${cx}" cy="${cy}" r="3.5" fill="${color}"/>`;
    }),
    `<rect x="${legendAt}" y="40" width="14" height="3" fill="${color}"/>`,
    text(legendAt + 20, 45, name, ''),
  ].join('\n');
}

/** From zero on, about five round steps, the last not below the value. */
function ticksUpTo(value: number): number[] {
  const rough = Math.max(value, 1e-9) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((one) => one >= rough)!;
  const count = Math.max(1, Math.ceil(value / step - 1e-9));
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}

/** From the power of ten below all points to the one above them. */
function powersAround(points: readonly { x: number }[]): number[] {
  const [first, last] = [Math.floor(log10Of(points, Math.min)), Math.ceil(log10Of(points, Math.max))];
  const count = Math.max(2, last - first + 1);
  return Array.from({ length: count }, (_, i) => 10 ** (first + i));
}

function log10Of(points: readonly { x: number }[], pick: (...values: number[]) => number): number {
  return Math.log10(pick(...points.map((point) => point.x)));
}

function line(x1: number, y1: number, x2: number, y2: number, opacity: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${ink}" stroke-opacity="${opacity}"/>`;
}

function text(x: number, y: number, content: string, attributes: string, markup = false): string {
  const spaced = attributes === '' ? '' : ` ${attributes}`;
  return `<text x="${round(x)}" y="${round(y)}"${spaced}>${markup ? content : escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
