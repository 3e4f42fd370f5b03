// The nine answers from the whole history: a tab for each, a table that sorts, the file.

import { byId, csvLink, el, fill, message, setText } from "./dom.js";
import { ago, clock, count, heading, momentOfRun, number, words } from "./format.js";
import { Table } from "./table.js";
import { tabs } from "./tabs.js";

const EVERY_MS = 10_000;

const QUESTIONS = [
  ["category_by_country", "Favourite category of each country"],
  ["category_by_year", "Favourite category of each year"],
  ["top_poster_by_country", "Most followed poster of each country"],
  ["country_of_top_poster", "Country of the most followed poster"],
  ["category_by_age_group", "Favourite category of each age group"],
  ["median_followers_by_age_group", "Median followers by age group"],
  ["users_joined_by_year", "Users joined by year"],
  ["median_followers_by_join_year", "Median followers by year of joining"],
  ["median_followers_by_join_year_and_age_group", "Median followers by year of joining and age group"],
].map(([id, label]) => ({ id, label }));

const isNumber = ({ type }) => type === "long" || type === "double";

/** A year is a number without a comma in it. */
function shown(column) {
  if (!isNumber(column)) return (row) => row[column.name] ?? "\u2013";
  return /year/.test(column.name) && !/^(number|distinct|median)/.test(column.name) ? (row) => String(row[column.name] ?? "\u2013") : (row) => number(row[column.name]);
}

export function history(poller) {
  const panel = el("div", { role: "tabpanel", id: "answer", tabindex: "0" });
  const tables = new Map();
  let run = null;
  let question = QUESTIONS[0].id;
  let source = null;

  const list = poller.add("v1/history", EVERY_MS, ({ body, problem }) => {
    if (!body) return fill(panel, message(`Not available: ${problem}.`));
    const changed = run !== body.run;
    run = body.run;
    note(body);
    // Answers are asked for where there are any, and once a run.
    if (run === null) fill(panel, message("No answers yet. They come on a schedule from the tables; on your own machine ", el("code", {}, "pinpulse batch"), " makes them now."));
    else if (changed) ask();
  });

  function note({ run: name, table_versions: versions }) {
    const at = momentOfRun(name);
    const of = versions && Object.entries(versions).map(([table, version]) => `${table} ${version}`).join(", ");
    setText(byId("history-note"), at ? `As of ${clock(at)}, ${ago(at)}. Table versions: ${of}.` : "");
  }

  function ask() {
    if (run === null) return;
    // The run is in the address: an answer of a run never changes, so it is asked for once.
    const path = `v1/history/${question}?as_of=${encodeURIComponent(run)}`;
    panel.setAttribute("aria-busy", "true");
    if (source) source.moveTo(path);
    else source = poller.add(path, 3_600_000, take);
    source.dueAt = 0;
    poller.wake();
  }

  function take({ body, problem }) {
    panel.removeAttribute("aria-busy");
    if (problem || !body) return fill(panel, message(`Not available: ${problem}.`));
    const csv = csvLink(`v1/history/${body.question}?format=csv&as_of=${encodeURIComponent(body.run)}`, words(body.question));
    const head = el("div", { class: "head" }, el("h3", {}, QUESTIONS.find(({ id }) => id === body.question)?.label ?? words(body.question)), csv);
    const table = tables.get(body.question) ?? answerTable(body);
    tables.set(body.question, table);
    table.update(body.rows);
    fill(panel, head, body.rows.length ? table.element : message("No rows."), el("p", { class: "note" }, `${count(body.rows.length)} rows, run ${body.run}`));
  }

  const { list: tablist, select } = tabs("Questions", QUESTIONS, panel, (id) => {
    question = id;
    ask();
  });
  fill(byId("answers"), tablist, panel);
  select(question);
  return list;
}

function answerTable({ question, columns }) {
  const column = (of) => ({ key: of.name, label: heading(of.name), number: isNumber(of), text: shown(of) });
  return new Table({ caption: words(question), columns: columns.map(column) });
}
