//! The dependencies of a source file: its `use` declarations and the paths in its code. Tokenised, without comments,
//! strings and tests.

use std::collections::BTreeSet;

use crate::Source;

/// `["operations", "groups"]` for `crate::operations::groups`.
pub type Path = Vec<String>;

/// One name that a `use` imports.
pub struct Import {
    pub path: Path,
    pub name: String,
    pub is_public: bool,
}

/// What a file declares and refers to.
#[derive(Default)]
pub struct Module {
    pub file: String,
    /// The files below it: `mod name;`.
    pub children: BTreeSet<String>,
    /// The names of its own types, functions and so on.
    pub defined: BTreeSet<String>,
    pub imports: Vec<Import>,
    /// The paths in its code.
    pub paths: BTreeSet<Path>,
    /// The first segments of those, which refer to imports.
    pub words: BTreeSet<String>,
}

const DEFINING: &[&str] =
    &["const", "enum", "fn", "macro_rules", "static", "struct", "trait", "type", "union"];

impl Module {
    pub fn new(source: &Source) -> Self {
        let tokens = tokens(source);
        let token = |position: usize| tokens.get(position).map_or("", String::as_str);
        let mut module = Self { file: source.path.clone(), ..Self::default() };
        let mut here = 0;
        while here < tokens.len() {
            let before = if here == 0 { "" } else { token(here - 1) };
            match token(here) {
                "use" if is_name(token(here + 1)) => {
                    // `pub use` and `pub(crate) use`.
                    let is_public = ["pub", ")"].contains(&before);
                    here = read_use(&tokens, here + 1, &Path::new(), is_public, &mut module.imports);
                    continue;
                }
                "mod" if token(here + 2) == ";" => {
                    module.children.insert(token(here + 1).to_owned());
                    here += 2;
                }
                // `$crate` in a macro is a path of the calling code.
                word if is_name(word) && !["::", ".", "$"].contains(&before) => {
                    if DEFINING.contains(&before)
                        || before == "!" && token(here.saturating_sub(2)) == "macro_rules"
                    {
                        module.defined.insert(word.to_owned());
                    }
                    let mut path = vec![word.to_owned()];
                    while token(here + 1) == "::" && is_name(token(here + 2)) {
                        path.push(token(here + 2).to_owned());
                        here += 2;
                    }
                    module.words.insert(path[0].clone());
                    module.paths.insert(path);
                }
                _ => {}
            }
            here += 1;
        }
        module
    }
}

/// Parses one `use` tree from `position` on, and returns where it ends.
fn read_use(
    tokens: &[String],
    mut position: usize,
    before: &Path,
    is_public: bool,
    found: &mut Vec<Import>,
) -> usize {
    let mut path = before.clone();
    while let Some(token) = tokens.get(position).map(String::as_str) {
        match token {
            "{" => {
                position += 1;
                while tokens.get(position).is_some_and(|token| token != "}") {
                    position = read_use(tokens, position, &path, is_public, found);
                    position += usize::from(tokens.get(position).is_some_and(|token| token == ","));
                }
                return position + 1;
            }
            "as" => {
                let name = tokens[position + 1].clone();
                found.push(Import { path, name, is_public });
                return position + 2;
            }
            "}" | "," | ";" => break,
            "::" => {}
            // `a::{self, b}`.
            "self" if !path.is_empty() => {}
            name => path.push(name.to_owned()),
        }
        position += 1;
    }
    let name = path.last().cloned().unwrap_or_default();
    found.push(Import { path, name, is_public });
    position
}

pub fn is_name(token: &str) -> bool {
    token.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

/// Words, `::` and single characters.
pub fn tokens(source: &Source) -> Vec<String> {
    let text: Vec<char> = source.code().flat_map(|(_, line)| line.chars().chain(['\n'])).collect();
    let at = |position: usize| text.get(position).copied().unwrap_or('\n');
    let is_of_a_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let find =
        |from: usize, is_end: &dyn Fn(usize) -> bool| (from..text.len()).find(|position| is_end(*position));
    let mut found = Vec::new();
    let mut here = 0;
    while here < text.len() {
        let end = match text[here] {
            '/' if at(here + 1) == '/' => find(here, &|position| at(position) == '\n'),
            // A raw string with one `#`, if any.
            '"' if here > 0 && at(here - 1) == '#' => {
                find(here + 1, &|position| at(position) == '"' && at(position + 1) == '#')
                    .map(|last| last + 2)
            }
            '"' => {
                let mut last = here + 1;
                while last < text.len() && at(last) != '"' {
                    last += if at(last) == '\\' { 2 } else { 1 };
                }
                Some(last + 1)
            }
            // A character literal, and not a lifetime.
            '\'' if at(here + 1) == '\\' => {
                find(here + 3, &|position| at(position) == '\'').map(|last| last + 1)
            }
            '\'' if at(here + 2) == '\'' => Some(here + 3),
            ':' if at(here + 1) == ':' => {
                found.push("::".to_owned());
                Some(here + 2)
            }
            letter if is_of_a_word(letter) => {
                let end = find(here, &|position| !is_of_a_word(at(position))).unwrap_or(text.len());
                found.push(text[here..end].iter().collect());
                Some(end)
            }
            letter => {
                if !letter.is_whitespace() {
                    found.push(letter.to_string());
                }
                Some(here + 1)
            }
        };
        here = end.unwrap_or(text.len());
    }
    found
}
