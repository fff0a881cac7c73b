//! Generated documents, some of them spoilt, evaluate in rows as they do in one text.

use control::rows::Rows;
use serde_json::value::RawValue;
use tests_identity::{Line, Lines};
use tests_native::LineRunner;

/// The line that sets the same document, by way of rows; as it is where the document is refused.
fn through_rows(line: &str) -> String {
    let members: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(line).unwrap();
    let text = members["document"].get();
    match (sdk_core::compile(text, None), Rows::split(text)) {
        (Ok(_), Some(rows)) => format!(r#"{{"document":{}}}"#, rows.compose(true)),
        _ => line.to_owned(),
    }
}

#[test]
fn generated_documents_evaluate_the_same_in_rows() {
    let (mut whole, mut in_rows, mut asked, mut documents) = (LineRunner::default(), LineRunner::default(), 0, 0);
    for line in Lines::new(7, 100_000).with_strangers(true) {
        match line {
            Line::Document(text) => {
                whole.answer(&text);
                in_rows.answer(&through_rows(&text));
                documents += 1;
            }
            Line::Question(text, _) => {
                assert_eq!(in_rows.answer(&text), whole.answer(&text), "of {text}");
                asked += 1;
            }
        }
    }
    assert!(documents > 300 && asked >= 100_000, "{documents} documents, {asked} questions");
}
