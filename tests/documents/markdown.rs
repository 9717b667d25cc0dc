//! A document as the pages that show it read it: its links, code spans, blocks, headings and tables.

use std::collections::BTreeSet;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A piece of a document, with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub line: usize,
    pub text: String,
}

/// A fenced block of code.
#[derive(Debug)]
pub struct Block {
    pub line: usize,
    pub language: String,
    pub text: String,
}

/// A row of a table: the code spans in each of its cells, and its heading's last cell.
#[derive(Debug)]
pub struct Row {
    pub line: usize,
    pub last_heading: String,
    pub codes: Vec<String>,
}

/// A document and what it holds.
#[derive(Debug, Default)]
pub struct Document {
    /// From the root of the repository.
    pub path: String,
    pub text: String,
    pub links: Vec<Piece>,
    pub codes: Vec<Piece>,
    pub blocks: Vec<Block>,
    pub rows: Vec<Row>,
    /// What a link to a heading has behind its `#`.
    pub anchors: BTreeSet<String>,
}

/// What is being read while the events pass.
#[derive(Default)]
struct Open {
    block: Option<Block>,
    heading: Option<String>,
    table_heading: String,
    cell: Option<String>,
    row: Option<Row>,
}

impl Document {
    pub fn new(path: &str, text: &str) -> Self {
        let mut document = Self { path: path.to_owned(), text: text.to_owned(), ..Self::default() };
        let mut open = Open::default();
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            document.take(event, &range, &mut open);
        }
        document
    }

    fn take(&mut self, event: Event<'_>, range: &Range<usize>, open: &mut Open) {
        let line = self.text[..range.start].matches('\n').count() + 1;
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                self.links.push(Piece { line, text: dest_url.into_string() });
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                open.block = Some(Block { line, language: language.into_string(), text: String::new() });
            }
            Event::End(TagEnd::CodeBlock) => self.blocks.extend(open.block.take()),
            Event::Start(Tag::Heading { .. }) => open.heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                self.anchors.extend(open.heading.take().map(|heading| anchor(&heading)));
            }
            Event::Start(Tag::TableRow) => {
                let last_heading = open.table_heading.clone();
                open.row = Some(Row { line, last_heading, codes: Vec::new() });
            }
            Event::End(TagEnd::TableRow) => self.rows.extend(open.row.take()),
            Event::Start(Tag::TableCell) => open.cell = Some(String::new()),
            Event::End(TagEnd::TableCell) if open.row.is_none() => {
                open.table_heading = open.cell.take().unwrap_or_default();
            }
            Event::Text(text) => {
                let block = open.block.as_mut().map(|block| &mut block.text);
                for place in [block, open.heading.as_mut(), open.cell.as_mut()].into_iter().flatten() {
                    place.push_str(&text);
                }
            }
            Event::Code(code) => {
                for place in [open.heading.as_mut(), open.cell.as_mut()].into_iter().flatten() {
                    place.push_str(&code);
                }
                if let Some(row) = &mut open.row {
                    row.codes.push(code.to_string());
                }
                self.codes.push(Piece { line, text: code.into_string() });
            }
            // Markdown has no word for the width of a picture, so that is HTML.
            Event::Html(html) | Event::InlineHtml(html) => {
                let source = html.split("src=\"").nth(1).and_then(|rest| rest.split('"').next());
                self.links.extend(source.map(|source| Piece { line, text: source.to_owned() }));
            }
            _ => (),
        }
    }

    /// A fault, with the place where it is.
    pub fn fault(&self, line: usize, what: impl std::fmt::Display) -> String {
        format!("{}:{line}: {what}", self.path)
    }

    /// The folder of the document, with a slash behind it unless it is the root.
    pub fn folder(&self) -> &str {
        self.path.rfind('/').map_or("", |slash| &self.path[..=slash])
    }
}

/// The anchor that GitHub gives to a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.flat_map(char::to_lowercase).map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

#[test]
fn a_document_is_read_with_its_lines() {
    let text = "# One `two`, three\n\n[a](b.md#c) and `d`\n\n```sh\nbrms health\n```\n\n\
                | x | held by |\n|---|---|\n| y | `z` |\n";
    let document = Document::new("docs/a.md", text);
    assert_eq!(document.anchors.iter().collect::<Vec<_>>(), ["one-two-three"]);
    assert_eq!(document.links, [Piece { line: 3, text: "b.md#c".to_owned() }]);
    let codes: Vec<_> = document.codes.iter().map(|code| (code.line, code.text.as_str())).collect();
    assert_eq!(codes, [(1, "two"), (3, "d"), (11, "z")]);
    let block = &document.blocks[0];
    assert_eq!((block.line, block.language.as_str(), block.text.as_str()), (5, "sh", "brms health\n"));
    let row = &document.rows[0];
    assert_eq!((row.line, row.last_heading.as_str(), &row.codes), (11, "held by", &vec!["z".to_owned()]));
    assert_eq!((document.folder(), Document::new("a.md", "").folder()), ("docs/", ""));
}
