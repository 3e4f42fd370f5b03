// Records to post: plain ones, and some that somebody wrote who means no good.

let next = Math.floor(Date.now() % 1e8) * 10;

/** A whole post of its own: a pin, a geo and a user of one index. */
export function whole({ category = "art", country = "Fiji", age = 29, poster = "Ann", followers = "12k" } = {}) {
  const ind = (next += 1);
  return {
    pin: { index: ind, unique_id: `u-${ind}`, title: "Ten gardens", poster_name: poster, follower_count: followers, category },
    geo: { ind, country, latitude: -17.7, longitude: 178, timestamp: "2026-11-21T10:30:00" },
    user: { ind, first_name: "Ann", last_name: "Example", age, date_joined: "2017-03-05T08:15:00" },
  };
}

/** Markup where a name should be. If any of it ran, `window.ran` would say so. */
export const MARKUP = "<img src=x onerror=\"window.ran=1\"><script>window.ran=1</script>";

/** Ten thousand characters without a place to break. */
export const LONG = "x".repeat(10_240);

export const RIGHT_TO_LEFT = "\u0645\u0631\u062d\u0628\u0627 \u202etxet";
