//! What is said before TLS begins, for servers that speak something else first.
//!
//! Read byte by byte and never past the last one, so that what follows is the handshake's. What is read has an end.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::model::Protocol;

/// In all, before TLS. A greeting or a list of extensions is far shorter.
const LONGEST: usize = 16 * 1024;

pub(super) async fn begin(protocol: Protocol, stream: &mut TcpStream) -> Result<(), String> {
    let me = stream.local_addr().map(|address| address.ip());
    match protocol {
        Protocol::Tls => Ok(()),
        Protocol::Smtp => {
            // RFC 5321 section 4.1.3: who has no name of its own says its address.
            let me = match me {
                Ok(std::net::IpAddr::V6(me)) => format!("[IPv6:{me}]"),
                Ok(std::net::IpAddr::V4(me)) => format!("[{me}]"),
                Err(_) => "[127.0.0.1]".to_owned(),
            };
            smtp(stream, &me).await
        }
        Protocol::Ldap => ldap(stream).await,
        Protocol::Postgres => postgres(stream).await,
    }
}

async fn smtp<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, me: &str) -> Result<(), String> {
    let mut left = LONGEST;
    let (code, greeting) = reply(stream, &mut left).await?;
    if code != 220 {
        return Err(turned_away("its greeting is", code, &greeting));
    }
    say(stream, format!("EHLO {me}\r\n").as_bytes()).await?;
    let (code, lines) = reply(stream, &mut left).await?;
    if code != 250 {
        return Err(turned_away("its answer to EHLO is", code, &lines));
    }
    // The first line is its name.
    if !lines.iter().skip(1).any(|line| line.trim().eq_ignore_ascii_case("STARTTLS")) {
        return Err("this mail server does not offer STARTTLS".to_owned());
    }
    say(stream, b"STARTTLS\r\n").await?;
    match reply(stream, &mut left).await? {
        (220, _) => Ok(()),
        (code, lines) => Err(turned_away("its answer to STARTTLS is", code, &lines)),
    }
}

fn turned_away(what: &str, code: u16, lines: &[String]) -> String {
    format!("{what} {code} {}", lines.first().map_or("", String::as_str).trim())
}

/// `250-text`, …, `250 text` (RFC 5321 section 4.2.1).
async fn reply<S: AsyncRead + Unpin>(stream: &mut S, left: &mut usize) -> Result<(u16, Vec<String>), String> {
    let mut lines = Vec::new();
    loop {
        let line = line(stream, left).await?;
        let code = line.get(..3).and_then(|code| code.parse::<u16>().ok());
        let (Some(code), mark) = (code, line.as_bytes().get(3)) else {
            return Err("what answers there is not SMTP".to_owned());
        };
        lines.push(line.get(4..).unwrap_or_default().to_owned());
        if mark != Some(&b'-') {
            return Ok((code, lines));
        }
    }
}

async fn line<S: AsyncRead + Unpin>(stream: &mut S, left: &mut usize) -> Result<String, String> {
    let mut line = Vec::new();
    loop {
        *left = left.checked_sub(1).ok_or("it says too much before TLS")?;
        match byte(stream).await? {
            b'\n' => return Ok(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned()),
            other => line.push(other),
        }
    }
}

/// `LDAPMessage { 1, ExtendedRequest { 1.3.6.1.4.1.1466.20037 } }`.
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

async fn ldap<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> Result<(), String> {
    let not_ldap = || "what answers there is not LDAP".to_owned();
    say(stream, START_TLS).await?;
    if byte(stream).await? != 0x30 {
        return Err(not_ldap());
    }
    // The length has one byte, or that byte says how many follow (X.690 section 8.1.3).
    let mut length = usize::from(byte(stream).await?);
    if length > 0x80 {
        let bytes = length & 0x7f;
        length = 0;
        for _ in 0..bytes {
            length = length * 256 + usize::from(byte(stream).await?);
            if length > LONGEST {
                return Err("it says too much before TLS".to_owned());
            }
        }
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await.map_err(|error| broken(&error))?;
    match result_code(&message).ok_or_else(not_ldap)? {
        0 => Ok(()),
        // RFC 4511 section 4.14.1 and appendix A.
        1 => Err("this directory server has TLS under way already, or an error of its own (LDAP result 1)".to_owned()),
        2 => Err("this directory server does not offer StartTLS (LDAP result 2, protocolError)".to_owned()),
        code => Err(format!("this directory server refuses StartTLS with LDAP result {code}")),
    }
}

/// Of an `ExtendedResponse` to message 1: `02 01 01`, `78 length`, `0a 01 code`.
fn result_code(message: &[u8]) -> Option<u8> {
    let rest = message.strip_prefix(b"\x02\x01\x01\x78")?;
    let bytes = match *rest.first()? {
        0..0x80 => 0,
        long => usize::from(long & 0x7f),
    };
    match rest.get(1 + bytes..)? {
        [0x0a, 1, code, ..] => Some(*code),
        _ => None,
    }
}

/// `SSLRequest`: its length and a number that is no version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

async fn postgres<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> Result<(), String> {
    say(stream, &SSL_REQUEST).await?;
    match byte(stream).await? {
        b'S' => Ok(()),
        b'N' => Err("this PostgreSQL server does not offer TLS".to_owned()),
        _ => Err("what answers there is not PostgreSQL".to_owned()),
    }
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> Result<(), String> {
    stream.write_all(bytes).await.map_err(|error| broken(&error))
}

async fn byte<S: AsyncRead + Unpin>(stream: &mut S) -> Result<u8, String> {
    stream.read_u8().await.map_err(|error| broken(&error))
}

fn broken(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "it closed the connection before TLS".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What becomes of it where the server says `bytes`, whatever it is asked.
    fn hears(bytes: &[u8], protocol: Protocol) -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        // Reads the bytes and then the end; what is written is lost.
        let mut stream = tokio::io::join(bytes, tokio::io::sink());
        runtime.block_on(async {
            match protocol {
                Protocol::Smtp => smtp(&mut stream, "[127.0.0.1]").await,
                Protocol::Ldap => ldap(&mut stream).await,
                Protocol::Postgres => postgres(&mut stream).await,
                Protocol::Tls => Ok(()),
            }
        })
    }

    #[test]
    fn a_server_that_has_no_tls_is_told_from_one_that_is_another() {
        let said = |text: &str, protocol| hears(text.as_bytes(), protocol).expect_err("no TLS");
        let greeting = "220-one\r\n220 two\r\n250-me\r\n250-SIZE 1\r\n";
        assert_eq!(
            hears(format!("{greeting}250-starttls\r\n250 HELP\r\n220 go\r\n").as_bytes(), Protocol::Smtp),
            Ok(())
        );
        assert!(said(&format!("{greeting}250 HELP\r\n"), Protocol::Smtp).contains("does not offer STARTTLS"));
        assert!(said("554 go away\r\n", Protocol::Smtp).contains("554 go away"));
        assert!(said("SSH-2.0-x\r\n", Protocol::Smtp).contains("not SMTP"));
        assert!(said(&"220-x\r\n".repeat(4000), Protocol::Smtp).contains("too much"));
        assert!(said("N", Protocol::Postgres).contains("does not offer TLS"));
        assert!(said("HTTP", Protocol::Postgres).contains("not PostgreSQL"));
        assert!(said("HTTP", Protocol::Ldap).contains("not LDAP"));
        assert!(said("\x30", Protocol::Ldap).contains("closed"));
    }

    #[test]
    fn answers_of_directory_servers_are_read_in_either_form_of_length() {
        for (answer, is_good) in [
            (&b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"[..], true),
            (b"\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00", true),
            (b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00", false),
            (b"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff", false),
        ] {
            assert_eq!(hears(answer, Protocol::Ldap).is_ok(), is_good, "{answer:x?}");
        }
    }

    proptest! {
        #[test]
        fn anything_may_answer(bytes in proptest::collection::vec(any::<u8>(), 0..60), prefix in "(220 |250-|0)?") {
            let bytes = [prefix.as_bytes(), &bytes].concat();
            for protocol in [Protocol::Smtp, Protocol::Ldap, Protocol::Postgres] {
                let _unused = hears(&bytes, protocol);
            }
        }
    }
}
