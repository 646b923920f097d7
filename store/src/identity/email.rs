//! Whether a text can be an e-mail address. It never asks whether the mailbox exists.

use super::IdentityError;

/// The most that SMTP carries.
const MAX_CHARS: usize = 254;
const LOCAL_MAX_CHARS: usize = 64;

/// The address without blanks around it, or why it can't be one.
///
/// A domain of one label is allowed: companies have such mail inside.
pub(super) fn checked(text: &str) -> Result<&str, IdentityError> {
    let address = text.trim();
    let (local, domain) = address.split_once('@').ok_or(IdentityError::InvalidEmail)?;
    let fits = address.chars().count() <= MAX_CHARS && (1..=LOCAL_MAX_CHARS).contains(&local.chars().count());
    let readable = !address.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    (fits && readable && is_domain(domain)).then_some(address).ok_or(IdentityError::InvalidEmail)
}

fn is_domain(text: &str) -> bool {
    text.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
    })
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn takes_addresses_as_people_have_them() {
        for text in ["ada@example.com", " a.b+tag@mail.example.org ", "admin@localhost", "李@例子.公司"] {
            assert_eq!(checked(text).ok(), Some(text.trim()), "{text}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_one() {
        let long = format!("{}@example.com", "a".repeat(65));
        for text in ["", "ada", "@example.com", "ada@", "a@b@c", "a b@example.com", "a@ex..com", "a@-x.com", &long] {
            assert!(checked(text).is_err(), "{text}");
        }
        assert!(checked("a\0@example.com").is_err(), "PostgreSQL's text holds no NUL");
    }
}
