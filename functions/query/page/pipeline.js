// The health of the pipeline: how far each follower is behind, shard by shard, and when the tables and answers were made.

import { byId, el, fill, message, setText } from "./dom.js";
import { ago, count, heading, moment, plural, span } from "./format.js";
import { Table } from "./table.js";

const EVERY_MS = 2000;
const STAGES = ["counted", "archived", "tables"];

const stageCell = (stage) => (row) => {
  const at = row[stage];
  if (!at) return el("span", { class: "soft" }, "nothing yet");
  const behind = row.lag_ms?.[stage];
  const text = behind === 0 ? "up to date" : `${span(behind)} behind`;
  return el("span", { title: `entry ${at.ordinal}, up to ${moment(at.time)}` }, text);
};

const waiting = ({ in_flight: flight }) => {
  if (!flight) return "\u2013";
  return typeof flight.posts === "number" ? count(flight.posts) : `${count(flight.entries)} deliveries`;
};

export function pipeline(poller, listener) {
  const shards = new Table({
    caption: "Every shard and how far it is behind",
    columns: [
      { key: "shard", label: "Shard" },
      ...STAGES.map((stage) => ({ key: stage, label: stage === "tables" ? "In the tables" : heading(stage), number: true, node: stageCell(stage), value: (row) => row.lag_ms?.[stage] })),
      { key: "in_flight", label: "Posts on the way", number: true, text: waiting, value: (row) => row.in_flight?.posts ?? row.in_flight?.entries },
    ],
  });
  const facts = el("dl", { class: "facts" });
  const content = byId("pipeline-body");
  return poller.add("v1/pipeline", EVERY_MS, (answer) => {
    const { body, fresh, problem } = answer;
    listener(answer);
    if (problem && !body) return fill(content, message(`Not available: ${problem}.`));
    note(body, problem);
    if (body) fillFacts(facts, body);
    if (!fresh) return;
    shards.update(body.shards);
    const left = body.shards_left_out ? message(`${plural(body.shards_left_out, "older shard")} not listed.`) : null;
    fill(content, body.shards.length ? shards.element : message("No shard has been read yet."), left, facts);
  });
}

function note(body, problem) {
  const newest = body.newest ? `Newest post ${moment(body.newest)}.` : "No post has been taken yet.";
  setText(byId("pipeline-note"), problem ? `As of ${moment(body.as_of)}: ${problem}.` : newest);
}

function fillFacts(facts, { batch, history, tables }) {
  const entries = [
    ["Tables last grew", batch ? ago(batch.as_of) : "not yet"],
    ["Answers last made", history ? ago(history.at) : "not yet"],
    ...Object.entries(tables ?? {}).map(([name, { version, rows }]) => [`Table ${name}`, `${plural(rows, "row")}, version ${version}`]),
  ];
  const now = [...facts.children];
  if (now.length === entries.length) {
    entries.forEach(([name, value], index) => {
      setText(now[index].firstChild, name);
      setText(now[index].lastChild, value);
    });
  } else {
    fill(facts, entries.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  }
}
