//! Ids of projects and organizations.

use std::fmt;
use std::str::FromStr;

use crate::invalid_input::InvalidInput;

/// Defines an id of Atlas: 24 hexadecimal digits, kept in lower case.
macro_rules! define_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The 24 digits.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidInput;

            /// # Errors
            ///
            #[doc = concat!("[`InvalidInput::", stringify!($name), "`] for anything but 24 hexadecimal digits.")]
            fn try_from(mut id: String) -> Result<Self, InvalidInput> {
                if id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    id.make_ascii_lowercase();
                    Ok($name(id))
                } else {
                    Err(InvalidInput::$name)
                }
            }
        }

        impl FromStr for $name {
            type Err = InvalidInput;

            fn from_str(id: &str) -> Result<Self, InvalidInput> {
                id.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

define_id! {
    /// The id of a project, which the API also calls a group: 24 hexadecimal digits, kept in lower case.
    ///
    /// ```
    /// use atlas_export_buckets::ProjectId;
    ///
    /// let project: ProjectId = "32B6E34B3D91647ABB20E7B8".parse()?;
    /// assert_eq!(project.as_str(), "32b6e34b3d91647abb20e7b8");
    /// # Ok::<(), atlas_export_buckets::Error>(())
    /// ```
    ProjectId
}

define_id! {
    /// The id of an organization: 24 hexadecimal digits, kept in lower case.
    ///
    /// ```
    /// use atlas_export_buckets::OrganizationId;
    ///
    /// let organization = "5e4e593f70dfbf1010295836".parse::<OrganizationId>()?;
    /// assert_eq!(organization.to_string(), "5e4e593f70dfbf1010295836");
    /// # Ok::<(), atlas_export_buckets::Error>(())
    /// ```
    OrganizationId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_24_hexadecimal_digits_and_others_are_not_shown() {
        for bad in [
            "",
            "a2b6e34b3d91647abb20e7b",
            "a2b6e34b3d91647abb20e7b8a",
            "g2b6e34b3d91647abb20e7b8",
            "３２b6e34b3d91647abb20",
        ] {
            assert_eq!(bad.parse::<ProjectId>(), Err(InvalidInput::ProjectId), "{bad}");
            assert_eq!(bad.parse::<OrganizationId>(), Err(InvalidInput::OrganizationId), "{bad}");
            assert!(bad.is_empty() || !InvalidInput::ProjectId.to_string().contains(bad), "{bad}");
        }
    }

    #[test]
    fn ids_are_strings_in_json_and_checked_there_too() {
        let id: ProjectId = serde_json::from_str("\"32B6E34B3D91647ABB20E7B8\"").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"32b6e34b3d91647abb20e7b8\"");
        assert!(serde_json::from_str::<ProjectId>("\"x\"").is_err());
    }
}
