//! What there is to ask for: the projects, their buckets, and the pages made of them.

mod fixture;
mod page;
mod pretty;
mod projects;
mod query;
mod resources;
mod sample;
mod target;
mod token_bucket;
mod versions;

pub(crate) use fixture::{FixtureBucket, buckets_of_json};
pub(crate) use projects::{SimulatedProject, check_projects, invalid, normal_id};
pub(crate) use resources::{Resources, unauthorized};
pub use sample::sample_buckets;
pub(crate) use sample::{object_id, sample_buckets_from};
pub(crate) use target::Target;
pub use token_bucket::TokenBucket;
pub(crate) use token_bucket::TokenBuckets;
pub(crate) use versions::is_date;
