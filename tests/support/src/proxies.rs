//! Small forwarders on loopback that note where they were asked to go, and lead everything to 127.0.0.1: an HTTP proxy
//! (CONNECT, RFC 9110 9.3.6), a SOCKS5 proxy (RFC 1928, with a password as in RFC 1929), and a plain line from `::1`.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Connect,
    Socks5,
    /// To this port, whatever comes.
    Line(u16),
}

/// Listens until it is dropped.
#[derive(Debug)]
pub struct Forwarder {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
}

impl Forwarder {
    /// Who gives another login than `USER:PASSWORD` is turned away.
    pub fn http(login: Option<&str>) -> Self {
        Self::start("127.0.0.1:0", Kind::Connect, login)
    }

    pub fn socks5(login: Option<&str>) -> Self {
        Self::start("127.0.0.1:0", Kind::Socks5, login)
    }

    pub fn of_ipv6(port: u16) -> Self {
        Self::start("[::1]:0", Kind::Line(port), None)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `HOST:PORT` of each request, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics with it").clone()
    }

    fn start(at: &str, kind: Kind, login: Option<&str>) -> Self {
        let listener = TcpListener::bind(at).expect("a port");
        let address = listener.local_addr().expect("an address");
        let (asked, over) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
        let (notes, end, login) = (asked.clone(), over.clone(), login.map(str::to_owned));
        thread::spawn(move || {
            for client in listener.incoming() {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(client) = client else { continue };
                let (notes, login) = (notes.clone(), login.clone());
                // A client that gives up has its reasons, which its test knows.
                thread::spawn(move || serve(client, kind, login.as_deref(), &notes).ok());
            }
        });
        Self { address, asked, over }
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
    }
}

fn serve(mut client: TcpStream, kind: Kind, login: Option<&str>, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    let port = match kind {
        Kind::Line(port) => port,
        Kind::Connect => connect(&mut client, login, asked)?,
        Kind::Socks5 => socks5(&mut client, login, asked)?,
    };
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    match kind {
        Kind::Line(_) => {}
        Kind::Connect => client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?,
        Kind::Socks5 => client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?,
    }
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        io::copy(&mut from_client, &mut to_server).ok();
        to_server.shutdown(Shutdown::Write).ok();
    });
    let (mut from_server, mut to_client) = (server, client);
    io::copy(&mut from_server, &mut to_client)?;
    to_client.shutdown(Shutdown::Write)
}

fn connect(client: &mut TcpStream, login: Option<&str>, asked: &Mutex<Vec<String>>) -> io::Result<u16> {
    let mut lines = BufReader::new(client.try_clone()?).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let mut given = None;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("proxy-authorization")
        {
            given = Some(value.to_owned());
        }
    }
    let wanted = login.map(|login| {
        use base64::Engine;
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(login))
    });
    if wanted.is_some() && wanted != given {
        client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")?;
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let target = first.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
    let target = target.ok_or(io::ErrorKind::InvalidData)?.to_owned();
    let port = target.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    asked.lock().expect("nobody panics with it").push(target);
    port.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn socks5(client: &mut TcpStream, login: Option<&str>, asked: &Mutex<Vec<String>>) -> io::Result<u16> {
    let [_, methods] = exactly::<2>(client)?;
    let offered = some(client, methods)?;
    let method = if login.is_some() { 2 } else { 0 };
    if !offered.contains(&method) {
        client.write_all(&[5, 0xFF])?;
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    client.write_all(&[5, method])?;
    if let Some(login) = login {
        let [_, length] = exactly::<2>(client)?;
        let user = some(client, length)?;
        let [length] = exactly::<1>(client)?;
        let given = [user, b":".to_vec(), some(client, length)?].concat();
        let is_right = given == login.as_bytes();
        client.write_all(&[1, u8::from(!is_right)])?;
        if !is_right {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
    }
    let [_, _, _, kind] = exactly::<4>(client)?;
    let host = match kind {
        1 => Ipv4Addr::from(exactly::<4>(client)?).to_string(),
        3 => {
            let [length] = exactly::<1>(client)?;
            String::from_utf8_lossy(&some(client, length)?).into_owned()
        }
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    let port = u16::from_be_bytes(exactly::<2>(client)?);
    asked.lock().expect("nobody panics with it").push(format!("{host}:{port}"));
    Ok(port)
}

fn exactly<const N: usize>(from: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn some(from: &mut TcpStream, length: u8) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::from(length)];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}
