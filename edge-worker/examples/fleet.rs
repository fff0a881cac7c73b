//! Simulates 300 places of 200 isolates for five minutes, and prints the figures as JSON: `cargo xtask bench fleet`.
use edge_worker::fleet::{Fleet, simulate};

fn main() {
    let measured = simulate(Fleet { places: 300, isolates: 200, seconds: 300, warming: 20 });
    let [median, most, longest] = measured.age;
    println!(
        r#"{{"hub":{:.1},"hubPeak":{},"readerPeak":{},"answers":{},"late":{},"median":{median},"p99":{most},"longest":{longest}}}"#,
        measured.hub, measured.hub_peak, measured.reader_peak, measured.answers, measured.late
    );
}
