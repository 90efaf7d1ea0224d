// Goal: the plot puts each point where the axes say it is, and is a file that any reader takes.
// Method: a plot of points on ticks, looked at as text.
import { drawLinePlot } from './svg.ts';

const plot = drawLinePlot({
  title: 'commit < & >',
  x: 'accounts',
  y: 'ms',
  series: [
    { name: 'one', points: [{ x: 1e4, y: 0 }, { x: 1e5, y: 25 }, { x: 1e6, y: 50 }] }, // prettier-ignore
    { name: 'two', points: [{ x: 1e4, y: 10 }] },
  ],
});

test('points lie between their ticks: evenly by power of ten, and from zero up', () => {
  const places = /points="([^"]*)"/
    .exec(plot)![1]!
    .split(' ')
    .map((place) => place.split(',').map(Number));
  const [[x0, y0], [x1, y1], [x2, y2]] = places as [[number, number], [number, number], [number, number]];
  expect(x1 - x0).toBeCloseTo(x2 - x1);
  expect(y0 - y1).toBeCloseTo(y1 - y2);
  expect([x0, y0, x2, y2]).toEqual([64, 344, 696, 72]);
  expect(plot.match(/<tspan[^>]*>(\d)<\/tspan>/g)).toHaveLength(3);
});

test('every series has a line, its points and a name', () => {
  expect(plot.match(/<polyline/g)).toHaveLength(2);
  expect(plot.match(/<circle/g)).toHaveLength(4);
  expect(plot).toContain('>two</text>');
});

test('text is escaped, tags are closed, and nothing is fetched', () => {
  expect(plot).toContain('<title>commit &lt; &amp; &gt;</title>');
  expect(plot.match(/<text/g)!.length).toBe(plot.match(/<\/text>/g)!.length);
  expect(plot.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|href|<script|<image/);
});
