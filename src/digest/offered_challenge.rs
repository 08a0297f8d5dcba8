//! From `WWW-Authenticate` fields to the challenges that they offer, of any scheme (RFC 9110 11.3 and 11.6.1).

use super::grammar::{Content, Elements, Parameter};

/// A challenge as the server wrote it: a scheme with its parameters.
pub(super) struct OfferedChallenge<'a> {
    pub(super) scheme: &'a [u8],
    pub(super) parameters: Vec<Parameter<'a>>,
    /// Something in it does not fit the grammar.
    pub(super) is_malformed: bool,
}

impl<'a> OfferedChallenge<'a> {
    /// Reads all challenges of all `WWW-Authenticate` fields of a response, in the server's order.
    ///
    /// Several fields are one list (RFC 9110 5.3), so a challenge may even continue in the next field. What comes before
    /// the first scheme belongs to no challenge, and is ignored.
    pub(super) fn read_all(fields: impl IntoIterator<Item = &'a [u8]>) -> Vec<OfferedChallenge<'a>> {
        let mut challenges: Vec<OfferedChallenge<'a>> = Vec::new();
        for element in fields.into_iter().flat_map(Elements::new) {
            if let Some(scheme) = element.scheme {
                challenges.push(OfferedChallenge {
                    scheme,
                    parameters: Vec::with_capacity(8),
                    is_malformed: false,
                });
            }
            let Some(challenge) = challenges.last_mut() else { continue };
            match element.content {
                Content::NoParameter => {}
                Content::Parameter(parameter) => challenge.parameters.push(parameter),
                Content::Malformed => challenge.is_malformed = true,
            }
        }
        challenges
    }

    /// The case of a scheme does not matter (RFC 9110 11.1).
    pub(super) fn is_digest(&self) -> bool {
        self.scheme.eq_ignore_ascii_case(b"Digest")
    }

    /// The value of a parameter, if there is one. The case of its name does not matter (RFC 9110 11.2).
    pub(super) fn value(&self, name: &str) -> Option<&[u8]> {
        let mut parameters = self.parameters.iter();
        let found = parameters.find(|parameter| parameter.name.eq_ignore_ascii_case(name.as_bytes()))?;
        Some(&found.value)
    }

    /// Whether it has the same parameter twice.
    pub(super) fn has_duplicates(&self) -> bool {
        let mut rest = self.parameters.as_slice();
        while let [Parameter { name, .. }, later @ ..] = rest {
            if later.iter().any(|parameter| parameter.name.eq_ignore_ascii_case(name)) {
                return true;
            }
            rest = later;
        }
        false
    }
}
