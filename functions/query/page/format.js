// Numbers, shares, moments and spans as people read them. UTC throughout, English throughout, nothing looked up.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const upToTwo = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** A number as text; a dash for none. */
export const number = (value) => (isNumber(value) ? upToTwo.format(value) : "\u2013");

export const count = (value) => (isNumber(value) ? whole.format(value) : "\u2013");

/** A part of one, in percent: 61 %, 4.2 %, <0.1 %. */
export function share(value) {
  if (!isNumber(value)) return "\u2013";
  const percent = value * 100;
  if (percent > 0 && percent < 0.1) return "<0.1 %";
  return `${percent.toFixed(percent >= 99.95 || percent === 0 ? 0 : 1)} %`;
}

/** A difference with its sign, in words a screen reader can say. */
export function change(delta) {
  if (!isNumber(delta)) return "\u2013";
  if (delta === 0) return "0";
  return (delta > 0 ? "+" : "\u2212") + whole.format(Math.abs(delta));
}

/** A span in milliseconds: 240 ms, 1.2 s, 4 min, 3 h, 2 days. */
export function span(ms) {
  if (!isNumber(ms)) return "\u2013";
  const size = Math.max(0, ms);
  if (size < 1000) return `${Math.round(size)} ms`;
  if (size < 60_000) return `${(size / 1000).toFixed(size < 10_000 ? 1 : 0)} s`;
  if (size < 5_400_000) return `${Math.round(size / 60_000)} min`;
  if (size < 172_800_000) return `${Math.round(size / 3_600_000)} h`;
  return `${Math.round(size / 86_400_000)} days`;
}

/** Dollars, with as many places as it takes to see something. */
export function dollars(value) {
  if (!isNumber(value)) return "\u2013";
  const size = Math.abs(value);
  const places = size === 0 || size >= 0.1 ? 2 : Math.min(10, 1 - Math.floor(Math.log10(size)));
  return `$${value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places })}`;
}

const two = (value) => String(value).padStart(2, "0");

const valid = (moment) => {
  const date = new Date(moment);
  return Number.isNaN(date.getTime()) ? null : date;
};

/** 12:34, of a Date, of milliseconds or of RFC 3339. */
export function minute(moment) {
  const date = valid(moment);
  return date ? `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}` : "\u2013";
}

/** 12:34:56. */
export function clock(moment) {
  const date = valid(moment);
  return date ? `${minute(date)}:${two(date.getUTCSeconds())}` : "\u2013";
}

/** The time of today, else the day and the time. */
export function moment(at, now = Date.now()) {
  const date = valid(at);
  if (!date) return "\u2013";
  const day = date.toISOString().slice(0, 10);
  return day === new Date(now).toISOString().slice(0, 10) ? clock(date) : `${day} ${minute(date)}`;
}

/** How long ago: just now, 12 s ago, 4 min ago. */
export function ago(at, now = Date.now()) {
  const date = valid(at);
  if (!date) return "";
  const ms = now - date.getTime();
  return ms < 2000 ? "just now" : `${span(ms)} ago`;
}

/** The moment in a run's name, such as 20261121T120000000Z-p12-g12-u12-q9. */
export function momentOfRun(run) {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z/.exec(run ?? "");
  if (!match) return null;
  const [, year, month, day, hour, minutes, second, ms] = match;
  return `${year}-${month}-${day}T${hour}:${minutes}:${second}.${ms}Z`;
}

/** users_joined_by_year as words. */
export const words = (name) => String(name).replaceAll("_", " ");

/** The same as the head of a column. */
export const heading = (name) => words(name).replace(/^./, (first) => first.toUpperCase());

export const plural = (amount, one, many = `${one}s`) => `${count(amount)} ${amount === 1 ? one : many}`;
