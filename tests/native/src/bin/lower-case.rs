//! Every character beyond ASCII with another lower case: the character, a tab, its lower case; a pair a line.

fn main() {
    for capital in '\u{80}'..=char::MAX {
        let small: String = capital.to_lowercase().collect();
        if small != String::from(capital) {
            println!("{capital}\t{small}");
        }
    }
}
