// Lines over time, drawn by uPlot in the page's colours; drawn anew when those change between light and dark.

/* global uPlot */
import { count, minute } from "./format.js";

const FONT = '12px "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif';
const HEIGHT = 240;
const NARROW_HEIGHT = 190;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** `series` are {label, variable, width, dash}; `moved` gets the index of the minute under the pointer, or null. */
export class Lines {
  constructor(element, series, moved) {
    Object.assign(this, { element, series, moved, data: null, plot: null });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.again());
    new ResizeObserver(() => this.fit()).observe(element);
  }

  update(data) {
    this.data = data;
    if (this.plot) this.plot.setData(data);
    else this.again();
  }

  size() {
    const width = Math.max(200, this.element.clientWidth);
    return { width, height: width < 500 ? NARROW_HEIGHT : HEIGHT };
  }

  fit() {
    const { width, height } = this.size();
    if (this.plot && (this.plot.width !== width || this.plot.height !== height)) this.plot.setSize({ width, height });
  }

  again() {
    if (!this.data) return;
    this.plot?.destroy();
    this.plot = new uPlot(this.options(), this.data, this.element);
  }

  options() {
    const axis = {
      stroke: colour("--soft"),
      font: FONT,
      ticks: { show: false },
      grid: { stroke: colour("--line"), width: 1 },
    };
    const line = ({ label, variable, width, dash }) => ({
      label,
      stroke: colour(variable),
      width,
      dash,
      points: { show: false },
    });
    return {
      ...this.size(),
      legend: { show: false },
      cursor: { y: false, drag: { setScale: false, x: false }, points: { size: 7 } },
      padding: [12, 20, 0, 0],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: { y: { range: (_plot, _low, high) => [0, Math.max(4, Math.ceil((high ?? 0) * 1.08))] } },
      axes: [
        { ...axis, grid: { show: false }, space: 64, values: (_plot, at) => at.map((seconds) => minute(seconds * 1000)) },
        { ...axis, size: 52, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6], values: (_plot, at) => at.map(count) },
      ],
      series: [{}, ...this.series.map(line)],
      hooks: { setCursor: [(plot) => this.moved(plot.cursor.idx ?? null)] },
    };
  }
}
