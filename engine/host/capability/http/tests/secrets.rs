//! Secrets: to their hosts, in their places, in no error.

use super::*;

async fn send(places: &[(&str, &str, SecretPlace)], header: &str, body: &str) -> (Result<String, HttpError>, Server) {
    let server = Server::start(|_, stream| respond(stream, "200 OK", &[], b""));
    let names = Names::default().with("api.test", &[&["127.0.0.1"]]);
    let policy = with_secrets(vec![grant("api.test", server.port())], places);
    let mut request = get(format!("http://api.test:{}/", server.port()));
    request.method = "POST".into();
    request.headers = vec![("x-key".into(), header.into())];
    request.body = Some(body.as_bytes().to_vec());
    let result = fetch(&client(&names), &policy, request).await.map(|(_, body)| body);
    if result.is_err() {
        assert_eq!(names.asked(), Vec::<String>::new(), "denied before the name is looked up");
        assert_eq!(server.connections(), 0);
    }
    (result, server)
}

#[tokio::test]
async fn a_secret_reaches_its_host_where_the_grant_says() {
    let (result, server) =
        send(&[("TOKEN", "api.test", SecretPlace::Header)], "Bearer {{secret:TOKEN}}!", "plain").await;
    result.expect("a response");
    assert!(server.requests()[0].head.contains("x-key: Bearer s3cr3t!\r\n"));
    let (result, server) = send(&[("TOKEN", "*.test", SecretPlace::Body)], "plain", "k={{secret:TOKEN}}&l").await;
    result.expect("a response");
    assert_eq!(server.requests()[0].body, b"k=s3cr3t&l");
}

#[tokio::test]
async fn a_secret_goes_nowhere_else() {
    let header = SecretPlace::Header;
    for (granted, in_header, in_body) in [
        (vec![("TOKEN", "other.test", header)], "{{secret:TOKEN}}", ""),
        (vec![("TOKEN", "api.test", header)], "", "{{secret:TOKEN}}"),
        (vec![("TOKEN", "api.test", SecretPlace::Body)], "{{secret:TOKEN}}", ""),
        (vec![("TOKEN", "api.test", header)], "{{secret:OTHER}}", ""),
        (vec![], "{{secret:TOKEN}}", ""),
    ] {
        let (result, _) = send(&granted, in_header, in_body).await;
        let Err(HttpError::Denied(text)) = result else { panic!("{granted:?}: {result:?}") };
        assert!(text.contains("hosts = [") && text.contains("api.test") && !text.contains("s3cr3t"), "{text}");
    }
}

#[tokio::test]
async fn a_value_that_is_missing_or_unfit_is_named_and_never_shown() {
    for (name, expect) in [("MISSING", "MISSING_VALUE"), ("BROKEN", "no header may have")] {
        let (result, _) = send(&[(name, "api.test", SecretPlace::Header)], &format!("{{{{secret:{name}}}}}"), "").await;
        let Err(HttpError::Failed(text)) = result else { panic!("{name}: {result:?}") };
        assert!(text.contains(expect) && !text.contains("s3cr3t"), "{text}");
    }
}
