use super::*;

#[test]
fn names_have_a_length_and_no_control_characters() {
    assert_eq!(name_complaint(&"ü".repeat(200)), None);
    assert!(name_complaint(&"ü".repeat(201)).is_some());
    for wrong in ["a\nb", "a\0", "\u{7f}", "\u{85}"] {
        assert!(name_complaint(wrong).is_some(), "{wrong:?}");
    }
    assert_eq!(name_complaint("O'Neil <b> \u{202e} أحمد"), None);
}

#[test]
fn fr_56_the_pattern_of_names_knows_the_invisible_characters_of_the_basic_plane() {
    let [name, person] = [NAME_PATTERN, NAME_OR_NOTHING_PATTERN]
        .map(|pattern| jsonschema::validator_for(&json!({ "pattern": pattern })).expect("a pattern"));
    for letter in '\u{20}'..='\u{ffff}' {
        let text = json!(letter.to_string());
        let is_taken = name_complaint(&letter.to_string()).is_none();
        assert_eq!((name.is_valid(&text), person.is_valid(&text)), (is_taken, is_taken), "{letter:?}");
    }
    assert!(!name.is_valid(&json!("")) && person.is_valid(&json!("")));
    assert_eq!(String::new().complaint(Limit::PersonName), None);
    assert!(String::new().complaint(Limit::Name).is_some());
}

#[test]
fn project_keys_are_checked_as_the_pattern_says() {
    let schema = json!({ "pattern": PROJECT_KEY_PATTERN });
    for right in ["ab", "a1-b", "pricing-v2-x"] {
        assert!(is_project_key(right) && jsonschema::is_valid(&schema, &json!(right)), "{right}");
    }
    for wrong in ["", "a", "a-b", "Ab", "ab-", "ab--c", "-ab", "ab c", "äb"] {
        assert!(!is_project_key(wrong) && !jsonschema::is_valid(&schema, &json!(wrong)), "{wrong}");
    }
}
