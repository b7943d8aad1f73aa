//! The smallest HTTP client that a benchmark needs: answers have a length, and connections are kept or not.

use anyhow::{Context, Result};
use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// A client with at most one connection.
pub(super) struct Client {
    address: String,
    keep_alive: bool,
    connection: Option<BufReader<TcpStream>>,
}

impl Client {
    pub(super) fn new(address: &str, keep_alive: bool) -> Self {
        Self { address: address.to_owned(), keep_alive, connection: None }
    }

    /// Sends a request, and gives the status and the body of its answer. Without a token there is no `Authorization`.
    pub(super) fn send(&mut self, method: &str, path: &str, token: &str, body: &str) -> Result<(u16, String)> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        if !token.is_empty() {
            write!(head, "Authorization: Bearer {token}\r\n")?;
        }
        if !body.is_empty() {
            write!(head, "Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())?;
        }
        if !self.keep_alive {
            head.push_str("Connection: close\r\n");
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        connection.get_mut().write_all(format!("{head}\r\n{body}").as_bytes())?;
        let answer = read(&mut connection)?;
        if self.keep_alive {
            self.connection = Some(connection);
        }
        Ok(answer)
    }

    fn connect(&self) -> Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(BufReader::new(stream))
    }
}

fn read(connection: &mut BufReader<TcpStream>) -> Result<(u16, String)> {
    let mut line = String::new();
    connection.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status line")?;
    let mut length = None;
    loop {
        line.clear();
        connection.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = Some(value.trim().parse::<usize>()?);
        }
    }
    let mut body = vec![0; length.context("the answer has no length")?];
    connection.read_exact(&mut body)?;
    Ok((status, String::from_utf8(body)?))
}

/// A member of an answer.
pub(super) fn token_of(answer: &str, member: &str) -> Result<String> {
    let answer: serde_json::Value = serde_json::from_str(answer)?;
    Ok(answer.get(member).and_then(serde_json::Value::as_str).context("the answer has no token")?.to_owned())
}
