//! The page at `/`, on which a person sees the workspace as somebody of it and types: files that are part of the program.
//! What it shows and does goes over the control API.

use axum::{
    Router,
    http::{HeaderName, header},
    routing::get,
};

/// The page runs and loads nothing but its own files, whatever somebody types.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Path, type and content.
const FILES: [(&str, &str, &str); 6] = [
    ("/", "text/html; charset=utf-8", include_str!("page/index.html")),
    ("/page/style.css", "text/css; charset=utf-8", include_str!("page/style.css")),
    ("/page/page.js", "text/javascript; charset=utf-8", include_str!("page/page.js")),
    ("/page/modal.js", "text/javascript; charset=utf-8", include_str!("page/modal.js")),
    ("/page/mrkdwn.js", "text/javascript; charset=utf-8", include_str!("page/mrkdwn.js")),
    ("/page/rich_text.js", "text/javascript; charset=utf-8", include_str!("page/rich_text.js")),
];

pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    FILES.into_iter().fold(Router::new(), |router, (path, kind, content)| {
        router.route(path, get(async move || (headers(kind), content)))
    })
}

fn headers(kind: &'static str) -> [(HeaderName, &'static str); 4] {
    [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The next version of the program may have other files.
        (header::CACHE_CONTROL, "no-cache"),
    ]
}
