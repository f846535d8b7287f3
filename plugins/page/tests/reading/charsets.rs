use encoding_rs::{EUC_KR, Encoding, GBK, KOI8_U, SHIFT_JIS, WINDOWS_1252};
use page::decode;

#[track_caller]
fn check(bytes: &[u8], content_type: Option<&str>, expect: (&str, &str)) {
    let (text, charset) = decode(bytes, content_type);
    assert_eq!((text.as_str(), charset), expect, "{content_type:?}");
}

fn bytes(text: &str, encoding: &'static Encoding) -> Vec<u8> {
    encoding.encode(text).0.into_owned()
}

#[test]
fn said_by_a_byte_order_mark() {
    check(b"\xef\xbb\xbfa\xc3\xa9", Some("text/html; charset=windows-1252"), ("aé", "UTF-8"));
    check(b"\xff\xfea\0\xe9\0", None, ("aé", "UTF-16LE"));
    check(b"\xfe\xff\0a\0\xe9", Some("text/plain"), ("aé", "UTF-16BE"));
}

#[test]
fn said_by_the_content_type() {
    check(b"a\xe9", Some("text/html; charset=ISO-8859-1"), ("aé", "windows-1252"));
    check(b"a\xe9", Some("text/plain; format=flowed; Charset=\"latin1\""), ("aé", "windows-1252"));
    check(b"<meta charset=koi8-r>a\xc3\xa9", Some("text/html;charset=utf-8"), ("<meta charset=koi8-r>aé", "UTF-8"));
    // A charset that nobody knows is none.
    check("é".as_bytes(), Some("text/html; charset=utf8000"), ("é", "UTF-8"));
}

#[test]
fn said_by_the_page() {
    for said in [
        "<meta charset=\"windows-1252\">",
        "<html><head><!-- x --><META  name=a content=b><meta http-equiv=Content-Type content='text/html; charset=cp1252'>",
        "<?xml version=\"1.0\" encoding='windows-1252'?><html>",
    ] {
        let text = format!("{said}caf\u{e9} \u{2013} \u{20ac}5");
        check(&bytes(&text, WINDOWS_1252), Some("text/html"), (&text, "windows-1252"));
        check(&bytes(&text, WINDOWS_1252), None, (&text, "windows-1252"));
    }
    // It could not say so if it were.
    check("<meta charset=utf-16>é".as_bytes(), None, ("<meta charset=utf-16>é", "UTF-8"));
    // In a plain text it is only a word.
    check("<meta charset=koi8-r>é".as_bytes(), Some("text/plain"), ("<meta charset=koi8-r>é", "UTF-8"));
}

#[test]
fn guessed() {
    for (text, encoding) in [
        ("Die Gr\u{f6}\u{df}e \u{e4}ndert sich nicht, f\u{fc}r alle \u{dc}bungen gen\u{fc}gt das.", WINDOWS_1252),
        ("これは日本語の文章です。文字コードの宣言はありません。カタカナも漢字もあります。", SHIFT_JIS),
        ("Это простой текст на русском языке без указания кодировки.", KOI8_U),
        ("이것은 한국어로 쓰인 문장입니다. 문자 집합은 적혀 있지 않습니다.", EUC_KR),
        ("这是一段没有声明字符集的中文文本，用来测试检测。", GBK),
    ] {
        check(&bytes(text, encoding), Some("text/html"), (text, encoding.name()));
    }
    check("größer — 日本".as_bytes(), Some("text/plain"), ("größer — 日本", "UTF-8"));
    check(b"plain", None, ("plain", "UTF-8"));
    check(b"", None, ("", "UTF-8"));
}
