//! The guarded client: no private network unless listed, at the first address as at each redirect.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use bytes::Bytes;
use futures::TryStreamExt;
use providers::{EgressAllow, Guarded, HttpError, Timeouts};
use reqwest::header::HeaderMap;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Answers every connection with the same bytes; returns its port.
async fn server(answer: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            drop(stream.read(&mut request).await);
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    port
}

fn file(text: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    )
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

fn guarded(allow: &str) -> Guarded {
    Guarded::new(Timeouts::default(), EgressAllow::parse(allow).unwrap()).unwrap()
}

async fn text(client: &Guarded, url: &str) -> Result<String, HttpError> {
    let download = client.download(url).await?;
    let bytes = download.stream.try_fold(Vec::new(), |mut all, piece| async move {
        all.extend_from_slice(&piece);
        Ok(all)
    });
    Ok(String::from_utf8(bytes.await?).unwrap())
}

#[tokio::test]
async fn loopback_is_refused_unless_listed() {
    let port = server(file("hello")).await;
    for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        let url = format!("http://{host}:{port}/");
        assert_eq!(text(&guarded(""), &url).await, Err(HttpError::Forbidden), "{host}");
    }
    for allow in ["127.0.0.1", "127.0.0.0/8", &format!("127.0.0.1:{port}")] {
        assert_eq!(
            text(&guarded(allow), &format!("http://127.0.0.1:{port}/")).await.as_deref(),
            Ok("hello"),
            "{allow}"
        );
    }
    let by_name = guarded(&format!("localhost:{port}"));
    assert_eq!(text(&by_name, &format!("http://localhost:{port}/")).await.as_deref(), Ok("hello"));
    let other_port = format!("http://localhost:{}/", server(file("secret")).await);
    assert_eq!(text(&by_name, &other_port).await, Err(HttpError::Forbidden));
}

#[tokio::test]
async fn a_redirect_into_a_private_network_is_refused() {
    let inner = server(file("secret")).await;
    for target in
        [format!("http://127.0.0.1:{inner}/"), "http://169.254.169.254/latest".to_owned(), "http://[::1]/".to_owned()]
    {
        let outer = server(redirect(&target)).await;
        let client = guarded(&format!("127.0.0.1:{outer}"));
        assert_eq!(text(&client, &format!("http://127.0.0.1:{outer}/")).await, Err(HttpError::Forbidden), "{target}");
    }
    let outer = server(redirect("file:///etc/passwd")).await;
    let client = guarded("127.0.0.1");
    assert_eq!(text(&client, &format!("http://127.0.0.1:{outer}/")).await, Err(HttpError::BadAddress));
}

#[tokio::test]
async fn redirects_are_followed_but_not_for_ever() {
    let inner = server(file("hello")).await;
    let outer = server(redirect(&format!("http://127.0.0.1:{inner}/"))).await;
    let client = guarded("127.0.0.1");
    assert_eq!(text(&client, &format!("http://127.0.0.1:{outer}/")).await.as_deref(), Ok("hello"));
    let circle = server(redirect("/again")).await;
    assert_eq!(text(&client, &format!("http://127.0.0.1:{circle}/")).await, Err(HttpError::Redirects));
}

#[tokio::test]
async fn a_file_is_bounded_and_a_failure_is_none() {
    let client = guarded("127.0.0.1");
    let huge = server(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\nx", (512_u64 << 20) + 1)).await;
    let refused = client.download(&format!("http://127.0.0.1:{huge}/")).await.map(drop);
    assert!(matches!(refused, Err(HttpError::TooLarge(_))));
    let missing = server("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
    assert_eq!(text(&client, &format!("http://127.0.0.1:{missing}/")).await, Err(HttpError::Status(404)));
}

#[tokio::test]
async fn a_webhook_is_posted_within_the_same_bounds() {
    let port = server(file("thanks")).await;
    let url = format!("http://127.0.0.1:{port}/hook");
    let post = |client: Guarded| {
        let url = url.clone();
        async move { client.post(&url, HeaderMap::new(), Bytes::from_static(b"{}")).await }
    };
    assert_eq!(post(guarded("")).await, Err(HttpError::Forbidden));
    let answer = post(guarded("127.0.0.1")).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"thanks"[..]));
    let moved = server(redirect("http://169.254.169.254/")).await;
    let answer = guarded("127.0.0.1").post(&format!("http://127.0.0.1:{moved}/"), HeaderMap::new(), Bytes::new()).await;
    assert_eq!(answer.map(|answer| answer.status), Ok(302));
}
