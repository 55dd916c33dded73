//! Style sheets, the script, fonts and the mark, kept in the program and served under a name that changes with them.
//!
//! Invariant: what lies under one address never changes, so browsers keep it for ever. Nothing here is anybody's.
//! Failure: an unknown name is not found.

use std::sync::LazyLock;

use aws_lc_rs::digest::{Context, SHA256};
use axum::extract::Path;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};

use crate::fault::Fault;

/// A file of the pages.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    octets: &'static [u8],
}

macro_rules! asset {
    ($name:literal, $media_type:literal) => {
        Asset {
            name: $name,
            media_type: $media_type,
            octets: include_bytes!(concat!("../assets/", $name)),
        }
    };
}

static ASSETS: [Asset; 7] = [
    asset!("pli.css", "text/css; charset=utf-8"),
    asset!("pli.js", "text/javascript; charset=utf-8"),
    asset!("letter.css", "text/css; charset=utf-8"),
    asset!("pli.svg", "image/svg+xml"),
    asset!("public-sans-400.woff2", "font/woff2"),
    asset!("public-sans-700.woff2", "font/woff2"),
    // The font's licence goes where the font goes.
    asset!("OFL.txt", "text/plain; charset=utf-8"),
];

/// The folder of this program's assets: a hash of them all.
static FOLDER: LazyLock<String> = LazyLock::new(|| {
    let mut all = Context::new(&SHA256);
    for asset in &ASSETS {
        all.update(asset.octets);
    }
    hex::encode(all.finish().as_ref().get(..8).unwrap_or_default())
});

/// Where the assets are.
pub(crate) fn folder() -> &'static str {
    &FOLDER
}

/// How long a browser keeps an asset: for ever, as far as HTTP goes.
const KEPT: &str = "public, max-age=31536000, immutable";

/// `GET /assets/{folder}/{name}`
pub(crate) async fn get(Path((asked, name)): Path<(String, String)>) -> Result<Response, Fault> {
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or(Fault::NotFound)?;
    if asked != *FOLDER {
        return Err(Fault::NotFound);
    }
    // A letter's frame has no origin of its own and may load them all the same.
    let open = HeaderName::from_static("cross-origin-resource-policy");
    let headers = [
        (header::CONTENT_TYPE, asset.media_type),
        (header::CACHE_CONTROL, KEPT),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (open, "cross-origin"),
    ];
    Ok((headers, asset.octets).into_response())
}
