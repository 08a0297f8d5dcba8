//! Guides to common tasks. There is no code in here.
//!
//! | guide | answers |
//! | --- | --- |
//! | [`credentials`] | Which credentials do I need, and where do they come from? |
//! | [`many_projects`] | How do I list all projects of an organization, several at once? |
//! | [`errors`] | What can fail, what is retried, and what should my program do? |
//! | [`own_agent`] | How do I use a proxy, my own roots, another TLS backend or another resolver? |
//! | [`testing`] | How do I test my tool without Atlas? |
//! | [`build_scripts`] | How do I list buckets in a build script? |
//! | [`async_callers`] | How do I call this from async code? |

#[doc = include_str!("guides/async_callers.md")]
pub mod async_callers {}
#[doc = include_str!("guides/build_scripts.md")]
pub mod build_scripts {}
#[doc = include_str!("guides/credentials.md")]
pub mod credentials {}
#[doc = include_str!("guides/errors.md")]
pub mod errors {}
#[doc = include_str!("guides/many_projects.md")]
pub mod many_projects {}
#[doc = include_str!("guides/own_agent.md")]
pub mod own_agent {}
#[doc = include_str!("guides/testing.md")]
pub mod testing {}
