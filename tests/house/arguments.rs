//! Function arguments: typed ids rather than bare UUIDs that could be passed in the wrong order, and no boolean
//! literals in calls or boolean parameters. Each rule is also run on planted violations, so that it can fail.

use crate::Source;
use crate::imports::{is_name, tokens};

/// Where an id has the type of its noun. A bare one may belong to several nouns.
const WITH_TYPED_IDS: &[&str] = &[
    "src/access/",
    "src/mail/",
    "src/operations/",
    "src/operator/",
    "src/seed/",
    "src/store/",
    "src/views/",
];
/// Library functions that take a boolean, with the type where the name alone is ambiguous.
const OF_LIBRARIES: &[&str] = &[
    "AtomicBool::new",
    "Err",
    "Ok",
    "Some",
    "create_new",
    "flatten_event",
    "half_close",
    "keep_alive",
    "log_internal_errors",
    "map_or",
    "pragma_update",
    "pragma_update_and_check",
    "send_replace",
    "set_db_config",
    "set_nodelay",
    "set_nonblocking",
    "set_strict_mode",
    "store",
    "swap",
    "unwrap_or",
    "watch::channel",
    "with_target",
    "write",
];
/// Words before a parenthesis that are not functions.
const KEYWORDS: &[&str] = &["else", "for", "if", "in", "let", "match", "mut", "return", "while"];

/// Functions that take or return two bare UUIDs, and types that contain two.
pub fn bare_ids(source: &Source) -> Vec<String> {
    if !source.is_under(WITH_TYPED_IDS) {
        return Vec::new();
    }
    let tokens = tokens(source);
    let mut found = Vec::new();
    for (here, word) in tokens.iter().enumerate() {
        let rest = &tokens[here..];
        let length = match word.as_str() {
            "fn" => rest.iter().position(|token| ["{", ";"].contains(&token.as_str())),
            "enum" | "struct" => rest.iter().position(|token| ["}", ";"].contains(&token.as_str())),
            _ => None,
        };
        let signature = &rest[..length.unwrap_or(0)];
        // A preceding bound, as in `fn all<T: From<Uuid>>(…)`.
        let inside = signature.iter().skip_while(|token| !["(", "{"].contains(&token.as_str()));
        let bare = inside.filter(|token| *token == "Uuid").count();
        if bare > 1 {
            found.push(format!("{}: {bare} bare UUIDs in {}", source.path, signature[1]));
        }
    }
    found
}

/// Calls of our own functions with a literal `true` or `false`.
pub fn bare_booleans(source: &Source) -> Vec<String> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    // The function of each open bracket.
    let mut open: Vec<Option<String>> = Vec::new();
    for (here, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "(" => open.push(called(&tokens[..here])),
            "[" | "{" => open.push(None),
            ")" | "]" | "}" => drop(open.pop()),
            "true" | "false" => {
                let is_argument = ["(", ","].contains(&tokens[here - 1].as_str())
                    && tokens.get(here + 1).is_some_and(|next| [")", ","].contains(&next.as_str()));
                if let Some(Some(function)) = open.last().filter(|_| is_argument) {
                    found.push(format!("{}: {function}(… {token} …)", source.path));
                }
            }
            _ => {}
        }
    }
    found
}

/// Functions with a boolean parameter: a call does not say what it means, whether the value is literal or computed.
pub fn boolean_parameters(source: &Source) -> Vec<String> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    for (here, _) in tokens.iter().enumerate().filter(|(_, token)| *token == "fn") {
        let rest = &tokens[here..];
        let end = rest.iter().position(|token| ["{", ";"].contains(&token.as_str()));
        let is_boolean = |three: &&[String]| {
            three[0] == ":" && three[1] == "bool" && [",", ")"].contains(&three[2].as_str())
        };
        let booleans = rest[..end.unwrap_or(rest.len())].windows(3).filter(is_boolean);
        found.extend(booleans.map(|_| format!("{}: fn {}", source.path, rest[1])));
    }
    found
}

/// Our function that is called by a parenthesis after these words.
fn called(before: &[String]) -> Option<String> {
    let word = |back: usize| before.len().checked_sub(back).map_or("", |position| before[position].as_str());
    let mut back = 1;
    // `read::<T>(…)`.
    if word(1) == ">" {
        let mut depth = 0;
        loop {
            match word(back) {
                ">" => depth += 1,
                "<" => depth -= 1,
                "" => return None,
                _ => {}
            }
            back += 1;
            if depth == 0 {
                break;
            }
        }
        back += usize::from(word(back) == "::");
    }
    let name = word(back);
    if !is_name(name) || KEYWORDS.contains(&name) || word(back + 1) == "fn" {
        return None;
    }
    let full = if word(back + 1) == "::" { format!("{}::{name}", word(back + 2)) } else { name.to_owned() };
    let is_of_a_library = OF_LIBRARIES.iter().any(|known| *known == name || *known == full);
    (!is_of_a_library).then_some(full)
}

#[test]
fn two_bare_ids_are_detected_wherever_they_are() {
    for text in [
        "pub(crate) fn find(\n    tx: &Tx,\n    user_id: Uuid,\n    project_id: Option<Uuid>,\n) -> Result<(), Problem> {}",
        "fn find(ids: impl IntoIterator<Item = Uuid>) -> HashMap<Uuid, User> {}",
        "trait Finds { fn find(&self, user_id: uuid::Uuid, project_id: uuid::Uuid) -> bool; }",
        "pub struct Member { pub id: Uuid, pub user_id: Uuid }",
        "enum Sends { Invitation(Uuid), Inviter(Uuid) }",
    ] {
        assert_eq!(bare_ids(&Source::new("src/operations/a.rs", text)).len(), 1, "{text}");
        assert!(bare_ids(&Source::new("src/cli/a.rs", text)).is_empty(), "{text}");
    }
    for text in [
        "fn one(id: Uuid) -> User {\n    two(id, Uuid::nil())\n}\n\nfn other(id: Uuid) {}",
        "fn all<T: From<Uuid>>(ids: &[Uuid]) -> Vec<T> {}",
        "struct Entry { id: AuditLogId, ref_id: Uuid }\nstruct Other(Uuid);",
    ] {
        assert_eq!(bare_ids(&Source::new("src/store/a.rs", text)), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn boolean_parameters_are_detected_in_every_signature() {
    for text in [
        "fn save(\n    tx: &Tx,\n    is_new: bool,\n) -> Result<(), Problem> {}",
        "impl A { pub(super) async fn save<T>(mut is_new: bool, tx: &Tx) {} }",
        "trait Saves { fn save(&self, is_new: bool); }",
    ] {
        assert_eq!(boolean_parameters(&Source::new("src/a.rs", text)).len(), 1, "{text}");
    }
    for text in [
        "struct A { is_new: bool, is_old: bool }\nfn a() { let b = |is_new: bool| is_new; }",
        "fn a(is_new: impl Fn(&bool) -> bool, (one, two): (u8, u8)) -> bool {}",
    ] {
        assert_eq!(boolean_parameters(&Source::new("src/a.rs", text)), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn boolean_literals_are_detected_in_every_call() {
    for text in [
        "save(tx, true)",
        "self.save(\n    false,\n    tx,\n)",
        "store::members::save(&[a], (b, c), false)",
        "read::<Vec<u8>>(true)",
        "Lines::new(target, true)",
        "assert!(save(true).is_ok());",
        "Ok(save(tx, true)?)",
    ] {
        assert_eq!(bare_booleans(&Source::new("src/a.rs", text)).len(), 1, "{text}");
    }
    for text in [
        "Ok(true)",
        "fn save(is_new: bool) {}\nlet a = AtomicBool::new(false);\na.store(true, Ordering::Release);",
        "match (a, b) { (true, false) => save(a == true), _ => Err(false) }",
        "let is_new = true;\nsave(tx, is_new);\nsave(Member { owner: true, ..member });",
        "json!({ \"a\": true }); params![true, false];",
        "// save(true)\nlet a = \"save(true)\";",
    ] {
        assert_eq!(bare_booleans(&Source::new("src/a.rs", text)), Vec::<String>::new(), "{text}");
    }
}
