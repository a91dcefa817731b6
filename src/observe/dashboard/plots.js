import { byId, make } from './elements.js';
import { latency, speed } from './format.js';
import uPlot from './uplot.js';

/** @typedef {import('./messages.js').Sample} Sample */

/** As much as the server remembers. */
const windowSeconds = 600;
/** A page that was just opened on a server that just started shows at least this much. */
const leastSeconds = 60;
const height = 130;

/** Steps of an axis of bytes: 1, 2, 4, … 512 of each unit. */
const byteSteps = Array.from({ length: 50 }, (_, power) => 2 ** power);

/**
 * @typedef {object} Chart
 * @property {string} title
 * @property {{ label: string, colour: string, value: (sample: Sample) => number | null, fill?: boolean }[]} series
 * @property {(value: number) => string} format
 * @property {object} scale
 * @property {object} axis
 */

/** @type {Chart[]} */
const charts = [
  {
    title: 'Throughput',
    series: [
      { label: 'to readers', colour: '--series-a', value: sample => sample.read_speed, fill: true },
      { label: 'from peers', colour: '--series-b', value: sample => sample.download_speed },
    ],
    format: speed,
    scale: { range: fromZero },
    axis: { incrs: byteSteps },
  },
  {
    title: 'Read latency',
    series: [
      { label: 'p50', colour: '--series-a', value: sample => sample.latency_p50 },
      { label: 'p99', colour: '--series-b', value: sample => sample.latency_p99 },
    ],
    format: latency,
    scale: { distr: 3, range: decades },
    axis: { splits: powersOfTen },
  },
  {
    title: 'Cache hit rate',
    series: [{ label: 'hits', colour: '--series-a', value: sample => sample.hit_rate, fill: true }],
    format: value => `${Math.round(value * 100)} %`,
    scale: { range: [0, 1] },
    axis: { splits: () => [0, 0.5, 1] },
  },
];

/** What happened of late, in three plots. */
export class Plots {
  /** @type {Sample[]} */
  #samples = [];
  /** @type {uPlot[]} */
  #plots = [];
  #holders;

  constructor() {
    this.#holders = charts.map(chart => make('figure', { class: 'plot' }, make('figcaption', {}, chart.title)));
    byId('plots', HTMLElement).replaceChildren(...this.#holders);
    this.#create();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#create());
    new ResizeObserver(() => this.#resize()).observe(byId('plots', HTMLElement));
  }

  /** @param {Sample[]} samples oldest first */
  replace(samples) {
    this.#samples = samples;
    this.#draw();
  }

  /** @param {Sample} sample */
  add(sample) {
    this.#samples.push(sample);
    const oldest = sample.at_ms - windowSeconds * 1000;
    while ((this.#samples[0]?.at_ms ?? oldest) < oldest) this.#samples.shift();
    this.#draw();
  }

  #create() {
    for (const plot of this.#plots) plot.destroy();
    this.#plots = charts.map((chart, index) => {
      const holder = this.#holders[index];
      return new uPlot(optionsOf(chart, holder?.clientWidth ?? 300), this.#dataOf(chart), holder);
    });
  }

  #draw() {
    for (const [index, chart] of charts.entries()) {
      const plot = this.#plots[index];
      if (plot === undefined) continue;
      plot.setData(this.#dataOf(chart));
      // The legend shows the latest figures, unless the pointer asks for others.
      if (plot.cursor.idx === null || plot.cursor.idx === undefined) plot.setLegend({ idx: this.#samples.length - 1 });
    }
  }

  #resize() {
    for (const [index, plot] of this.#plots.entries()) {
      const width = this.#holders[index]?.clientWidth ?? 0;
      if (width > 0 && width !== plot.width) plot.setSize({ width, height });
    }
  }

  /**
   * @param {Chart} chart
   * @returns {import('uplot').AlignedData} times, then one column for each series
   */
  #dataOf({ series }) {
    return [this.#samples.map(sample => sample.at_ms / 1000), ...series.map(({ value }) => this.#samples.map(value))];
  }
}

/**
 * @param {Chart} chart
 * @param {number} width
 */
function optionsOf(chart, width) {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const format = (/** @type {number | null} */ value) =>
    value === null || value === undefined ? '–' : chart.format(value);
  const axis = {
    stroke: colour('--quiet'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui',
  };
  return {
    width,
    height,
    cursor: { y: false, points: { size: 6 } },
    legend: { live: true },
    scales: { x: { time: true, range: timeRange }, y: chart.scale },
    axes: [
      { ...axis, size: 24, space: 90, values: clockTimes },
      {
        ...axis,
        size: 68,
        space: 28,
        values: (/** @type {uPlot} */ _u, /** @type {(number | null)[]} */ splits) =>
          splits.map(split => (split === null ? null : chart.format(split))),
        ...chart.axis,
      },
    ],
    series: [
      { value: '{HH}:{mm}:{ss}' },
      ...chart.series.map(series => ({
        label: series.label,
        stroke: colour(series.colour),
        width: 1.75,
        points: { show: false },
        spanGaps: false,
        value: (/** @type {uPlot} */ _u, /** @type {number | null} */ value) => format(value),
        ...(series.fill && { fill: colour(`${series.colour}-fill`) }),
      })),
    ],
  };
}

/**
 * @param {uPlot} _plot
 * @param {number[]} splits seconds since 1970
 * @param {number} _axis
 * @param {number} _space
 * @param {number} step
 */
function clockTimes(_plot, splits, _axis, _space, step) {
  const seconds = step < 60 ? { second: /** @type {const} */ ('2-digit') } : {};
  const format = new Intl.DateTimeFormat(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...seconds,
  });
  return splits.map(split => format.format(split * 1000));
}

/**
 * @param {uPlot} _plot
 * @param {number | null} min
 * @param {number | null} max
 * @returns {[number, number]}
 */
function timeRange(_plot, min, max) {
  const end = max ?? Date.now() / 1000;
  return [Math.min(min ?? end, end - leastSeconds), end];
}

/**
 * @param {uPlot} _plot
 * @param {number | null} _min
 * @param {number | null} max
 * @returns {[number, number]}
 */
function fromZero(_plot, _min, max) {
  return [0, Math.max(1024, (max ?? 0) * 1.1)];
}

/**
 * Whole powers of ten around what is shown.
 * @param {uPlot} _plot
 * @param {number | null} min
 * @param {number | null} max
 * @returns {[number, number]}
 */
function decades(_plot, min, max) {
  if (min === null || max === null || min <= 0) return [1e-4, 1];
  const low = Math.floor(Math.log10(min));
  return [10 ** low, 10 ** Math.max(Math.ceil(Math.log10(max)), low + 1)];
}

/**
 * @param {uPlot} _plot
 * @param {number} _axis
 * @param {number} min
 * @param {number} max
 */
function powersOfTen(_plot, _axis, min, max) {
  const low = Math.round(Math.log10(min));
  return Array.from({ length: Math.round(Math.log10(max)) - low + 1 }, (_, step) => 10 ** (low + step));
}
