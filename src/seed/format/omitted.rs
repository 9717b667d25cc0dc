//! Fields that a seed may omit.

/// Defines an object of a seed. A field with `= default` may be omitted, and an export omits its default value. The
/// objects have no `Debug`, because some have secrets.
macro_rules! seed_object {
    ($(#[$about:meta])* pub struct $name:ident {
        $($(#[$field_about:meta])* $field:ident: $type:ty $(= $default:ident)?,)+
    }) => {
        $(#[$about])*
        #[derive(Clone, PartialEq, serde::Deserialize, serde::Serialize)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        pub struct $name {
            $(
                $(#[$field_about])*
                $(#[serde($default, skip_serializing_if = "super::omitted::is_default")])?
                pub $field: $type,
            )+
        }
    };
}
pub(super) use seed_object;

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
