//! The text of metrics: `OpenMetrics` 1.0 or, for a monitor that does not accept that, Prometheus' text format 0.0.4.
use std::fmt::Write;

/// The type of a family of metrics.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number that rises and falls.
    Gauge,
    /// A number that only rises, until the hub starts anew.
    Counter,
    /// Durations.
    Histogram,
}

/// Metrics as text. Families and samples are written in the order of the calls.
pub(super) struct Exposition {
    text: String,
    is_open: bool,
    family: &'static str,
}

impl Exposition {
    /// `is_open`: the text is `OpenMetrics`.
    pub(super) const fn new(is_open: bool) -> Self {
        Self { text: String::new(), is_open, family: "" }
    }

    /// Begins a family. The samples of a counter have the suffix `_total`, which `OpenMetrics` does not count to the family's name.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &'static str) {
        self.family = name;
        let (shown, word) = match kind {
            Kind::Gauge => (name.to_owned(), "gauge"),
            Kind::Counter if self.is_open => (name.to_owned(), "counter"),
            Kind::Counter => (format!("{name}_total"), "counter"),
            Kind::Histogram => (name.to_owned(), "histogram"),
        };
        self.line(format_args!("# HELP {shown} {help}\n# TYPE {shown} {word}\n"));
    }

    /// Adds a sample to the family, with a suffix to its name.
    pub(super) fn sample(&mut self, suffix: &str, labels: &[(&str, &str)], value: u64) {
        let (name, labels) = (self.family, labelled(labels));
        self.line(format_args!("{name}{suffix}{labels} {value}\n"));
    }

    /// Adds a share to the family: so many of so many.
    pub(super) fn fraction(&mut self, labels: &[(&str, &str)], part: u64, of: u64) {
        #[expect(clippy::cast_precision_loss, reason = "both are at most 100,000")]
        let share = part as f64 / of as f64;
        let (name, labels) = (self.family, labelled(labels));
        self.line(format_args!("{name}{labels} {share}\n"));
    }

    /// Adds a histogram to the family. `slots` has the number of durations up to each bound in milliseconds and above the one before it,
    /// that of all longer ones, and the sum in milliseconds.
    pub(super) fn histogram(&mut self, labels: &[(&str, &str)], bounds_ms: &[u64], slots: &[u64]) {
        let mut count = 0_u64;
        let bounds = bounds_ms.iter().map(|bound| seconds(*bound)).chain(["+Inf".to_owned()]);
        for (bound, slot) in bounds.zip(slots) {
            count = count.saturating_add(*slot);
            let with_bound: Vec<_> = labels.iter().copied().chain([("le", bound.as_str())]).collect();
            self.sample("_bucket", &with_bound, count);
        }
        let (name, of) = (self.family, labelled(labels));
        let sum = seconds(slots.last().copied().unwrap_or_default());
        self.line(format_args!("{name}_count{of} {count}\n{name}_sum{of} {sum}\n"));
    }

    /// The content type and the whole text.
    pub(super) fn end(mut self) -> (&'static str, String) {
        if self.is_open {
            self.text.push_str("# EOF\n");
            return ("application/openmetrics-text; version=1.0.0; charset=utf-8", self.text);
        }
        ("text/plain; version=0.0.4; charset=utf-8", self.text)
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        self.text.write_fmt(line).ok();
    }
}

/// Milliseconds as seconds, in the spelling of a number with a fraction.
fn seconds(milliseconds: u64) -> String {
    let (whole, rest) = (milliseconds / 1_000, milliseconds % 1_000);
    let fraction = format!("{rest:03}");
    let fraction = fraction.trim_end_matches('0');
    format!("{whole}.{}", if fraction.is_empty() { "0" } else { fraction })
}

/// Labels in braces; empty without any.
fn labelled(labels: &[(&str, &str)]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(is_open: bool) -> (&'static str, String) {
        let mut out = Exposition::new(is_open);
        out.family("jobs", Kind::Gauge, "Jobs.");
        out.sample("", &[("kind", "a \"b\\\n")], 7);
        out.family("events", Kind::Counter, "Events.");
        out.sample("_total", &[], 3);
        out.family("ratio", Kind::Gauge, "A share.");
        out.fraction(&[], 125, 1_000);
        out.fraction(&[], 1_000, 1_000);
        out.family("wait_seconds", Kind::Histogram, "Waits.");
        out.histogram(&[("class", "x")], &[5, 1_000], &[2, 1, 4, 90_061]);
        out.end()
    }

    const SAME: &str = "wait_seconds_bucket{class=\"x\",le=\"0.005\"} 2\nwait_seconds_bucket{class=\"x\",le=\"1.0\"} 3
wait_seconds_bucket{class=\"x\",le=\"+Inf\"} 7\nwait_seconds_count{class=\"x\"} 7\nwait_seconds_sum{class=\"x\"} 90.061\n";

    #[test]
    fn the_text_is_that_of_openmetrics() {
        let (content_type, text) = told(true);
        assert_eq!(content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
        let expected = format!(
            "# HELP jobs Jobs.\n# TYPE jobs gauge\njobs{{kind=\"a \\\"b\\\\\\n\"}} 7\n# HELP events Events.\n# TYPE events counter
events_total 3\n# HELP ratio A share.\n# TYPE ratio gauge\nratio 0.125\nratio 1\n# HELP wait_seconds Waits.\n# TYPE wait_seconds histogram\n{SAME}# EOF\n"
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn without_openmetrics_a_counter_has_its_suffix_in_its_name() {
        let (content_type, text) = told(false);
        assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
        assert!(text.contains("# HELP events_total Events.\n# TYPE events_total counter\nevents_total 3\n"), "{text}");
        assert!(text.ends_with(SAME), "{text}");
    }
}
