//! What an update changed, as audit log entries show it: `{"name": {"from": "Old", "to": "New"}}`.

use serde_json::{Map, Value, json};

use crate::db::Tx;
use crate::problem::Problem;
use crate::store::audit_logs::{Actor, Change, record};

/// The fields that may be long: an update has them in what it changed, and not once more in what the thing is now.
const LONG: [&str; 5] = ["filePermissions", "projectFilePermissions", "preferences", "users", "projects"];

/// The values of a thing before and after an update, by the names of the description.
pub struct Values {
    /// Before.
    pub before: Value,
    /// After.
    pub after: Value,
}

impl Values {
    /// The values that differ. Of an object, such as `preferences`, only the members that differ are shown.
    fn changes(&self) -> Map<String, Value> {
        let mut changes = Map::new();
        for (name, [from, to]) in differing(&self.before, &self.after) {
            let (from, to) = match (from, to) {
                (Value::Object(_), Value::Object(_)) => {
                    let members = differing(from, to);
                    let side = |number: usize| -> Map<String, Value> {
                        let given = members.iter().filter(|(_, values)| !values[number].is_null());
                        given.map(|(name, values)| (name.clone(), values[number].clone())).collect()
                    };
                    (Value::Object(side(0)), Value::Object(side(1)))
                }
                _ => (from.clone(), to.clone()),
            };
            changes.insert(name, json!({ "from": from, "to": to }));
        }
        changes
    }
}

/// The members of two objects that differ, with both values.
fn differing<'v>(before: &'v Value, after: &'v Value) -> Vec<(String, [&'v Value; 2])> {
    let names = |value: &'v Value| value.as_object().into_iter().flat_map(Map::keys);
    let only_before = names(before).filter(|name| after.get(*name).is_none());
    let all = names(after).chain(only_before);
    let values = |name: &String| (name.clone(), [before, after].map(|side| &side[name.as_str()]));
    all.map(values).filter(|(_, [from, to])| from != to).collect()
}

/// Records an update with what it changed. Writes nothing, and returns false, if it changed nothing.
pub(crate) fn record_update(
    tx: &Tx,
    actor: &Actor,
    change: Change,
    values: &Values,
) -> Result<bool, Problem> {
    record_update_without(tx, actor, change, values, &[])
}

/// [`record_update`], with some fields that stand in another entry: they count as changes and are not written.
pub(crate) fn record_update_without(
    tx: &Tx,
    actor: &Actor,
    mut change: Change,
    values: &Values,
    elsewhere: &[&str],
) -> Result<bool, Problem> {
    let mut changes = values.changes();
    if changes.is_empty() {
        return Ok(false);
    }
    changes.retain(|name, _| !elsewhere.contains(&name.as_str()));
    if let Some(data) = change.data.as_object_mut() {
        data.retain(|name, _| !LONG.contains(&name.as_str()));
    }
    change.data["changes"] = changes.into();
    record(tx, actor, change)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fr_58_only_what_differs_is_a_change() {
        let values = Values {
            before: json!({ "name": "a", "kept": [1], "gone": true, "inside": { "x": 1, "y": 2, "z": 3 } }),
            after: json!({ "name": "b", "kept": [1], "new": null, "inside": { "x": 1, "y": 4, "w": 5 } }),
        };
        let wanted = json!({
            "name": { "from": "a", "to": "b" },
            "inside": { "from": { "y": 2, "z": 3 }, "to": { "y": 4, "w": 5 } },
            "gone": { "from": true, "to": null },
        });
        assert_eq!(Value::from(values.changes()), wanted);
    }
}
