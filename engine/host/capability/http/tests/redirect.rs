//! Redirects: each one through the check.

use super::*;

fn redirect_to(location: String, status: &'static str) -> Server {
    Server::start(move |_, stream| respond(stream, status, &[&format!("Location: {location}")], b"gone"))
}

#[tokio::test]
async fn a_redirect_to_another_port_of_this_machine_is_denied() {
    let hidden = Server::start(|_, stream| respond(stream, "200 OK", &[], b"hidden"));
    let names = Names::default().with("example.test", &[&["127.0.0.1"]]);
    for location in [
        format!("http://127.0.0.1:{}/", hidden.port()),
        format!("//2130706433:{}/", hidden.port()),
        format!("http://localhost:{}/", hidden.port()),
        format!("http://example.test:{}/", hidden.port()),
    ] {
        let open = redirect_to(location, "302 Found");
        let policy = policy(vec![grant("example.test", open.port())]);
        let url = format!("http://example.test:{}/", open.port());
        let text = denial(fetch(&client(&names), &policy, get(url)).await);
        assert!(text.contains(&format!("port = {}", hidden.port())), "{text}");
        assert_eq!(open.requests().len(), 1);
    }
    assert_eq!(hidden.connections(), 0);
}

#[tokio::test]
async fn the_addresses_of_each_redirect_are_checked() {
    let server = redirect_to("/again".to_owned(), "303 See Other");
    let port = server.port();
    let names = Names::default().with("example.test", &[&["127.0.0.1"]]);
    // The redirect turns PUT, which may go to this machine, into GET, which may not.
    let of = |method: &str, local| HttpGrant { methods: vec![method.into()], local, ..grant("example.test", port) };
    let policy = policy(vec![of("PUT", true), of("GET", false)]);
    let request = Request { method: "PUT".into(), ..get(format!("http://example.test:{port}/")) };
    let text = denial(fetch(&client(&names), &policy, request).await);
    assert!(text.contains("send GET to") && text.contains("not a public address"), "{text}");
    assert_eq!((server.requests().len(), names.asked().len()), (1, 2));
}

#[tokio::test]
async fn redirects_that_lead_nowhere_are_failures() {
    for location in
        ["ftp://example.test/", "file:///etc/passwd", "http://me:pw@example.test/", "http://", "javascript:1"]
    {
        let server = redirect_to(location.to_owned(), "301 Moved Permanently");
        let policy = policy(vec![grant("127.0.0.1", server.port())]);
        let url = format!("http://127.0.0.1:{}/", server.port());
        let result = fetch(&client(&Names::default()), &policy, get(url)).await;
        assert!(matches!(result, Err(HttpError::Failed(_))), "{location}: {result:?}");
    }
}

#[tokio::test]
async fn redirects_are_counted() {
    let server = redirect_to("/next".to_owned(), "302 Found");
    let policy = policy(vec![grant("127.0.0.1", server.port())]);
    let client = client(&Names::default());
    let url = format!("http://127.0.0.1:{}/", server.port());
    let (response, body) =
        fetch(&client, &policy, Request { max_redirects: 0, ..get(&url) }).await.expect("the redirect itself");
    assert_eq!((response.status, body.as_str()), (302, "gone"));
    let result = fetch(&client, &policy, Request { max_redirects: 3, ..get(&url) }).await;
    assert!(matches!(&result, Err(HttpError::Failed(text)) if text.contains("more than 3 redirects")), "{result:?}");
    assert_eq!(server.requests().len(), 1 + 4);
}

#[tokio::test]
async fn methods_and_bodies_change_as_browsers_change_them() {
    for (status, method, expect, keeps_body) in [
        ("301 Moved Permanently", "POST", "GET", false),
        ("302 Found", "POST", "GET", false),
        ("303 See Other", "POST", "GET", false),
        ("303 See Other", "PUT", "GET", false),
        ("302 Found", "PUT", "PUT", true),
        ("307 Temporary Redirect", "POST", "POST", true),
        ("308 Permanent Redirect", "POST", "POST", true),
        ("303 See Other", "HEAD", "HEAD", true),
    ] {
        let server = Server::start(move |request, stream| {
            if request.head.contains(" /start ") {
                let body: &[u8] = if request.head.starts_with("HEAD") { b"" } else { b"gone" };
                respond(stream, status, &["Location: end?x=1"], body);
            } else {
                respond(stream, "200 OK", &[], b"");
            }
        });
        let policy = policy(vec![grant("127.0.0.1", server.port())]);
        let mut request = get(format!("http://127.0.0.1:{}/start", server.port()));
        request.method = method.into();
        request.body = Some(b"payload".to_vec());
        request.headers = vec![("content-type".into(), "text/plain".into())];
        let (response, _) = fetch(&client(&Names::default()), &policy, request).await.expect("a response");
        assert!(response.url.ends_with("/end?x=1"), "{}", response.url);
        let last = server.requests().pop().expect("a request");
        let case = format!("{status} {method}: {}", last.head);
        assert!(last.head.starts_with(&format!("{expect} /end?x=1 ")), "{case}");
        assert_eq!(last.body == b"payload", keeps_body, "{case}");
        assert_eq!(last.head.contains("content-type"), keeps_body, "{case}");
    }
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let end = Server::start(|_, stream| respond(stream, "200 OK", &[], b""));
    let names = Names::default().with("a.test", &[&["127.0.0.1"]]).with("b.test", &[&["127.0.0.1"]]);
    let end_port = end.port();
    let start = Server::start(move |request, stream| {
        let location = if request.head.contains(" /first ") {
            "Location: /second".to_owned()
        } else {
            format!("Location: http://b.test:{end_port}/")
        };
        respond(stream, "302 Found", &[&location], b"");
    });
    let http = vec![grant("a.test", start.port()), grant("b.test", end.port())];
    let policy = with_secrets(http, &[("TOKEN", "*", SecretPlace::Header)]);
    let mut request = get(format!("http://a.test:{}/first", start.port()));
    request.headers =
        [("authorization", "Bearer mine"), ("cookie", "a=b"), ("x-key", "{{secret:TOKEN}}"), ("x-plain", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
    fetch(&client(&names), &policy, request).await.expect("a response");
    let [first, second] = &start.requests()[..] else { panic!("not two requests") };
    for request in [first, second] {
        let head = &request.head;
        assert!(head.contains("Bearer mine") && head.contains("a=b") && head.contains("x-key: s3cr3t"), "{head}");
    }
    let head = &end.requests()[0].head;
    assert!(head.contains("x-plain: 1"), "{head}");
    for gone in ["Bearer", "cookie", "x-key", "s3cr3t", "{{"] {
        assert!(!head.contains(gone), "{gone} in {head}");
    }
}
