//! What the fuzz targets hold the library against. It is written apart from the library, so that one mistake cannot
//! hide in both.

pub mod authentication;
pub mod calendar;
pub mod json;
