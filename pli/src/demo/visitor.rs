//! A visitor of the citizens' site: a very small browser for our own pages. It keeps cookies, follows
//! redirections, and fills the forms that it finds.
//!
//! Invariants: it knows nothing of the site but its pages; TLS is checked against the demo's root;
//! what it reads is bounded.
//! Failure: an error that names the page and what was missing on it.

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::collections::BTreeMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Octets of a page.
const MAX_PAGE: usize = 4 * 1024 * 1024;
/// Redirections followed in a row.
const MAX_REDIRECTS: usize = 5;
/// Between the parts of a form; it is in no text that the demo sends.
const BOUNDARY: &str = "pli-demo-visitor-5f3a";

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) path: String,
    pub(crate) html: String,
}

/// The visitor.
pub(crate) struct Visitor {
    at: SocketAddr,
    tls: TlsConnector,
    cookies: BTreeMap<String, String>,
}

/// A form of a page: where it goes, and what it holds so far.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    action: String,
    multipart: bool,
    fields: Vec<(String, String)>,
}

impl Visitor {
    /// A visitor of the site at an address, who trusts the root in `root`.
    pub(crate) fn new(at: SocketAddr, root: &[u8]) -> Outcome<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in pki::pem::certificates(root)? {
            roots.add(certificate)?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(pki::tls::provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { at, tls: TlsConnector::from(Arc::new(config)), cookies: BTreeMap::new() })
    }

    /// Opens a page.
    pub(crate) async fn open(&mut self, path: &str) -> Outcome<Page> {
        self.request(Method::GET, path, None).await
    }

    /// Sends a form.
    pub(crate) async fn send(&mut self, form: &Form) -> Outcome<Page> {
        let (kind, body) = form.encoded();
        self.request(Method::POST, &form.action.clone(), Some((kind, body))).await
    }

    async fn request(
        &mut self,
        method: Method,
        path: &str,
        body: Option<(String, Vec<u8>)>,
    ) -> Outcome<Page> {
        let (mut method, mut path, mut body) = (method, path.to_owned(), body);
        for _ in 0..MAX_REDIRECTS {
            let (status, location, html) = self.exchange(&method, &path, body.take()).await?;
            match (status, location) {
                (StatusCode::SEE_OTHER | StatusCode::FOUND, Some(location)) => {
                    (method, path) = (Method::GET, location);
                }
                (status, _) if status.is_success() => return Ok(Page { path, html }),
                (status, _) => return Err(format!("{path} answered {status}").into()),
            }
        }
        Err(format!("{path}: too many redirections").into())
    }

    async fn exchange(
        &mut self,
        method: &Method,
        path: &str,
        body: Option<(String, Vec<u8>)>,
    ) -> Outcome<(StatusCode, Option<String>, String)> {
        let stream = TcpStream::connect(self.at).await?;
        let stream = self.tls.connect(ServerName::try_from("localhost")?, stream).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let host = format!("localhost:{}", self.at.port());
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &host)
            .header(COOKIE, self.cookie_header());
        let octets = match body {
            Some((kind, octets)) => {
                request = request
                    .header(CONTENT_TYPE, kind)
                    .header(ORIGIN, format!("https://{host}"))
                    .header("sec-fetch-site", "same-origin");
                octets
            }
            None => Vec::new(),
        };
        let response = sender.send_request(request.body(Full::new(Bytes::from(octets)))?).await?;
        for cookie in response.headers().get_all(SET_COOKIE) {
            self.keep(cookie.to_str()?);
        }
        let status = response.status();
        let location = response.headers().get(LOCATION).map(|value| value.to_str());
        let location = location.transpose()?.map(str::to_owned);
        let body = Limited::new(response.into_body(), MAX_PAGE).collect().await?.to_bytes();
        connection.abort();
        Ok((status, location, String::from_utf8_lossy(&body).into_owned()))
    }

    fn cookie_header(&self) -> String {
        let pairs: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    fn keep(&mut self, cookie: &str) {
        let pair = cookie.split(';').next().unwrap_or_default();
        if let Some((name, value)) = pair.split_once('=') {
            self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
}

impl Page {
    /// The form that has a field of this name.
    pub(crate) fn form_with(&self, field: &str) -> Outcome<Form> {
        let forms = self.html.split("<form").skip(1);
        let forms = forms.filter_map(|form| form.split("</form>").next());
        let mut found = forms.filter(|form| form.contains(&format!("name=\"{field}\"")));
        let form = found.next().ok_or_else(|| format!("{}: no form with `{field}`", self.path))?;
        let head = form.split('>').next().unwrap_or_default();
        let inputs = form.split("<input").skip(1).map(|tag| tag.split('>').next().unwrap_or(tag));
        let fields = inputs.filter_map(|tag| {
            let kept = attribute(tag, "type").is_none_or(|kind| kind == "hidden");
            let name = attribute(tag, "name").filter(|_| kept)?;
            Some((name, attribute(tag, "value").unwrap_or_default()))
        });
        Ok(Form {
            action: attribute(head, "action").unwrap_or_else(|| self.path.clone()),
            multipart: attribute(head, "enctype").is_some_and(|kind| kind.contains("multipart")),
            fields: fields.collect(),
        })
    }

    /// Addresses of the links on the page that begin so, in order.
    pub(crate) fn links(&self, beginning: &str) -> Vec<String> {
        let links = self.html.split("<a ").skip(1);
        let links = links.filter_map(|tag| attribute(tag.split('>').next()?, "href"));
        links.filter(|link| link.starts_with(beginning)).collect()
    }
}

impl Form {
    /// Fills a field.
    pub(crate) fn fill(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    fn encoded(&self) -> (String, Vec<u8>) {
        if !self.multipart {
            let pairs: Vec<_> = self
                .fields
                .iter()
                .map(|(name, value)| format!("{}={}", percent(name), percent(value)))
                .collect();
            return ("application/x-www-form-urlencoded".to_owned(), pairs.join("&").into());
        }
        let mut body = String::new();
        for (name, value) in &self.fields {
            body.push_str(&format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        body.push_str(&format!("--{BOUNDARY}--\r\n"));
        (format!("multipart/form-data; boundary={BOUNDARY}"), body.into())
    }
}

/// The value of an attribute in a tag of our own pages: in double quotes, with few entities.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    let value = value.replace("&#38;", "&").replace("&#x26;", "&").replace("&#39;", "'");
    Some(value.replace("&quot;", "\"").replace("&#34;", "\"").replace("&amp;", "&"))
}

fn percent(text: &str) -> String {
    let mut encoded = String::new();
    for octet in text.bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(octet));
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_found_by_a_field_and_keeps_what_is_hidden() {
        let html = r#"<form action="/fr"><input name="q"></form>
            <form method="post" action="/reply?a=1&amp;b=2" enctype="multipart/form-data">
            <input type="hidden" name="csrf" value="x&quot;y"><textarea name="text"></textarea>
            <input type="file" name="files"></form>"#;
        let page = Page { path: "/".into(), html: html.into() };
        let form = page.form_with("text").unwrap().fill("text", "Merci é");
        assert_eq!(form.action, "/reply?a=1&b=2");
        let (kind, body) = form.encoded();
        assert!(kind.starts_with("multipart/form-data"));
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains("name=\"csrf\"\r\n\r\nx\"y\r\n") && body.contains("Merci é"));
        assert!(!body.contains("files"));
        assert!(page.form_with("absent").is_err());
    }

    #[test]
    fn a_plain_form_is_percent_encoded() {
        let page = Page { path: "/in".into(), html: r#"<form><input name="a"></form>"#.into() };
        let form = page.form_with("a").unwrap().fill("a", "é &");
        let (_, body) = form.encoded();
        assert_eq!(String::from_utf8(body).unwrap(), "a=%C3%A9%20%26");
    }
}
