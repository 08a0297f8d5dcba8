//! What Atlas sends: a page of items, as the API documents it.

mod api_error;
mod document;
mod export_bucket;
mod item;
mod json;
mod link;
mod page;
mod project;

pub use api_error::ApiError;
pub(crate) use document::{BodyError, read_error};
pub use export_bucket::{CloudProvider, ExportBucket};
pub use item::ListItem;
pub use link::Link;
pub(crate) use page::read_page;
pub use page::{Page, RateLimit};
pub use project::Project;
