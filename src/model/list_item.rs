//! What a list consists of.

/// An item of a list: an [`ExportBucket`](crate::ExportBucket) or a [`Project`](crate::Project). Nothing else can be one.
pub trait ListItem: sealed::Sealed + Sized {
    /// The id, by which a listing recognises an item that occurs twice.
    fn id(&self) -> &str;

    #[doc(hidden)]
    fn from_json(json: &str) -> Result<Self, serde_json::Error>;
}

pub(super) mod sealed {
    pub trait Sealed {}
}
