//! Makes the URL and the `Accept` of one request from resource, version and options (pure).

mod api_version;
mod base_url;
mod ids;

use std::fmt;

pub use api_version::ApiVersion;
pub(crate) use base_url::{BaseUrl, is_host, is_port};
pub use ids::{OrganizationId, ProjectId};

/// A list in Atlas.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resource {
    /// *Get All Snapshot Export Buckets* of a project.
    ExportBuckets(ProjectId),
    /// *Get All Projects* that the credentials can see.
    Projects,
    /// *Get All Projects in One Organization*.
    OrganizationProjects(OrganizationId),
}

impl Resource {
    fn path(&self) -> String {
        match self {
            Resource::ExportBuckets(project) => format!("/groups/{project}/backup/exportBuckets"),
            Resource::Projects => "/groups".into(),
            Resource::OrganizationProjects(organization) => format!("/orgs/{organization}/groups"),
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resource::ExportBuckets(project) => write!(f, "export buckets of project {project}"),
            Resource::Projects => f.write_str("projects"),
            Resource::OrganizationProjects(organization) => {
                write!(f, "projects of organization {organization}")
            }
        }
    }
}

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// `GET`: one page of a list.
    #[non_exhaustive]
    GetPage {
        /// The list.
        resource: Resource,
        /// The page, from 1.
        page_num: u32,
    },
    /// `POST`: an access token for a service account.
    RequestAccessToken,
    /// `POST`: the revocation of an access token.
    RevokeAccessToken,
}

/// A request to Atlas. An error holds it to say what was asked, and of which host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiRequest {
    /// The whole URL.
    pub url: String,
    /// What it is for.
    pub operation: Operation,
    /// The value of `Accept`.
    pub(crate) accept: String,
    /// Whether the server is to count the items.
    pub(crate) include_count: bool,
    proxy: Option<String>,
}

impl ApiRequest {
    /// The proxy on the way, without user name and password.
    pub fn proxy(&self) -> Option<&str> {
        self.proxy.as_deref()
    }

    /// The request-target: path and query.
    pub(crate) fn target(&self) -> &str {
        self.split_url().1
    }

    /// The scheme, host and port that are asked, and the request-target, which begins at the third slash.
    fn split_url(&self) -> (&str, &str) {
        let target_at = self.url.match_indices('/').nth(2).map_or(self.url.len(), |(at, _)| at);
        self.url.split_at(target_at)
    }

    /// The number of the page, or 0 if this asks for no page.
    pub(crate) fn page_num(&self) -> u32 {
        match self.operation {
            Operation::GetPage { page_num, .. } => page_num,
            _ => 0,
        }
    }
}

impl fmt::Display for ApiRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.operation {
            Operation::GetPage { resource, page_num } => write!(f, "page {page_num} of the {resource}")?,
            Operation::RequestAccessToken => f.write_str("an access token")?,
            Operation::RevokeAccessToken => f.write_str("the revocation of the access token")?,
        }
        write!(f, " at {}", self.split_url().0)
    }
}

/// How pages are requested.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageOptions {
    pub(crate) api_version: ApiVersion,
    pub(crate) items_per_page: u32,
    pub(crate) include_count: bool,
    pub(crate) pretty: bool,
    pub(crate) envelope: bool,
}

impl PageOptions {
    /// The most items that Atlas gives per page. This is the default, because it takes the fewest requests.
    pub(crate) const MAX_ITEMS_PER_PAGE: u32 = 500;

    /// The defaults for this version.
    pub(crate) fn new(api_version: ApiVersion) -> Self {
        PageOptions {
            api_version,
            items_per_page: Self::MAX_ITEMS_PER_PAGE,
            include_count: true,
            pretty: false,
            envelope: false,
        }
    }

    /// The options for one list. All but the version applies to export buckets only.
    pub(crate) fn for_list(self, resource: &Resource) -> Self {
        match resource {
            Resource::ExportBuckets(_) => self,
            Resource::Projects | Resource::OrganizationProjects(_) => PageOptions::new(self.api_version),
        }
    }
}

/// Where the requests of a client go, and how they ask.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) base_url: BaseUrl,
    /// The proxy on the way, without user name and password, for errors.
    pub(crate) proxy: Option<String>,
    pub(crate) options: PageOptions,
}

impl Endpoint {
    /// The request for one page.
    pub(crate) fn page(&self, resource: &Resource, page_num: u32, include_count: bool) -> ApiRequest {
        let PageOptions { api_version, items_per_page, pretty, envelope, .. } =
            self.options.for_list(resource);
        let (base, version, path) = (&self.base_url.url, api_version.path(), resource.path());
        let mut url = format!("{base}{version}{path}?pageNum={page_num}&itemsPerPage={items_per_page}");
        // Atlas's defaults are not sent.
        for (parameter, is_sent) in
            [("&includeCount=false", !include_count), ("&pretty=true", pretty), ("&envelope=true", envelope)]
        {
            if is_sent {
                url.push_str(parameter);
            }
        }
        ApiRequest {
            url,
            operation: Operation::GetPage { resource: resource.clone(), page_num },
            accept: api_version.media_type(),
            include_count,
            proxy: self.proxy.clone(),
        }
    }

    /// The request for an access token, or for its revocation.
    pub(crate) fn token_request(&self, operation: Operation) -> ApiRequest {
        let path = if operation == Operation::RevokeAccessToken { "revoke" } else { "token" };
        ApiRequest {
            url: format!("{}/api/oauth/{path}", self.base_url.url),
            operation,
            accept: "application/json".into(),
            include_count: false,
            proxy: self.proxy.clone(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn endpoint(base_url: &str) -> Endpoint {
        let base_url = BaseUrl::parse(base_url).unwrap();
        Endpoint { base_url, proxy: None, options: PageOptions::new(ApiVersion::V1_0) }
    }

    #[test]
    fn a_page_is_asked_for_as_the_atlas_docs_have_it() {
        let buckets = Resource::ExportBuckets("32b6e34b3d91647abb20e7b8".parse().unwrap());
        let plain = endpoint("https://cloud.mongodb.com");
        let request = plain.page(&buckets, 1, true);
        let target =
            "/api/atlas/v1.0/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pageNum=1&itemsPerPage=500";
        assert_eq!(
            (request.url.as_str(), request.target()),
            (&*format!("https://cloud.mongodb.com{target}"), target)
        );
        assert_eq!(request.accept, "application/json");
        let every_option = Endpoint {
            options: PageOptions {
                api_version: ApiVersion::V2024_05_30,
                items_per_page: 7,
                include_count: false,
                pretty: true,
                envelope: true,
            },
            ..endpoint("http://127.0.0.1:8080/proxy/")
        };
        let request = every_option.page(&buckets, 2, false);
        assert_eq!(
            request.target(),
            "/proxy/api/atlas/v2/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pageNum=2&itemsPerPage=7&includeCount=false&pretty=true&envelope=true"
        );
        assert_eq!(request.accept, "application/vnd.atlas.2024-05-30+json");
        assert_eq!(
            request.to_string(),
            "page 2 of the export buckets of project 32b6e34b3d91647abb20e7b8 at http://127.0.0.1:8080"
        );
    }

    #[test]
    fn every_list_and_token_has_its_path() {
        let atlas = endpoint("https://h/x");
        let organization = Resource::OrganizationProjects("5e4e593f70dfbf1010295836".parse().unwrap());
        let page = |resource| atlas.page(resource, 1, true);
        assert_eq!(page(&Resource::Projects).target(), "/x/api/atlas/v1.0/groups?pageNum=1&itemsPerPage=500");
        assert_eq!(
            page(&organization).target(),
            "/x/api/atlas/v1.0/orgs/5e4e593f70dfbf1010295836/groups?pageNum=1&itemsPerPage=500"
        );
        assert_eq!(atlas.token_request(Operation::RequestAccessToken).target(), "/x/api/oauth/token");
        assert_eq!(
            endpoint("https://h:8443/a/b").page(&organization, 1, true).split_url().0,
            "https://h:8443"
        );
        assert_eq!(atlas.token_request(Operation::RevokeAccessToken).url, "https://h/x/api/oauth/revoke");
    }
}
