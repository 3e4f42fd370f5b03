// Puts the page together: what is asked, how often, and who shows it. The first source is the page's pulse.

import { cost } from "./cost.js";
import { history } from "./history.js";
import { pipeline } from "./pipeline.js";
import { Poller } from "./poll.js";
import { popular } from "./popular.js";
import { quarantine } from "./quarantine.js";
import { Rate } from "./rate.js";
import { Start } from "./start.js";
import { Status } from "./status.js";
import { trust } from "./trust.js";

const RATE_EVERY_MS = 2000;

let status = null;
const poller = new Poller((state) => status?.state(state));
status = new Status(poller);
const rate = new Rate();
const start = new Start();

/** Nothing came in the last hour, and nothing is in the windows that are shown. */
const isEmpty = ({ body }) => body.n.every((n) => n === 0) && rankings.isEmpty();

poller.add("v1/rate?window=60m&step=1m", RATE_EVERY_MS, (answer) => {
  status.takeRate(answer);
  rate.take(answer);
  if (answer.body) start.whenEmpty(isEmpty(answer));
});
const rankings = popular(poller);
pipeline(poller, (answer) => status.takePipeline(answer));
trust(poller, (answer) => status.takeRecount(answer));
quarantine(poller);
cost(poller, (answer) => status.takeCost(answer));
history(poller);
poller.wake();
