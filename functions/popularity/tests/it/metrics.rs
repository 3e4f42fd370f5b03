//! The line of metrics that a delivery leaves.

use aws::metrics::{COUNTED, DUPLICATES, EVENT_LAG, Metrics, PAGES_WRITTEN, QUARANTINED, RECORDS, parse};
use popularity::handle;

use crate::kit::{Kit, pin, record};

#[tokio::test]
async fn a_delivery_leaves_one_line_with_its_counts_and_nothing_of_its_posts() {
    let kit = Kit::start().await;
    let now_ms = aws::time::now_ms();
    let records = [
        record(0, now_ms - 5_000, pin("a", "Ann", "art")),
        record(1, now_ms, pin("a", "Ann", "art")),
        record(2, now_ms, pin("b", "Bob", "art")),
        record(3, now_ms, b"no json".to_vec()),
    ];
    let (metrics, lines) = Metrics::kept("popularity");
    let instance = kit.instance().await.with_metrics(metrics);
    for _ in 0..2 {
        handle(&instance, kit.delivery(&records)).await;
    }
    let lines = lines.lock().unwrap();
    let told: Vec<_> = lines.iter().map(|line| parse(line).unwrap()).collect();
    let count = |line: usize| [RECORDS, COUNTED, DUPLICATES, QUARANTINED].map(|metric| told[line].value(metric));
    assert_eq!(count(0), [4, 2, 1, 1]);
    assert_eq!(count(1), [4, 0, 0, 0], "a delivery that was done before");
    assert!(told[0].value(PAGES_WRITTEN) >= 5, "{:?}", told[0]);
    assert!((5_000..65_000).contains(&told[0].value(EVENT_LAG)), "{:?}", told[0]);
    assert!(!lines.iter().any(|line| line.contains("Ann") || line.contains("art")), "{lines:?}");
}
