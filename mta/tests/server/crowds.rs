//! Slow and half-open peers by the thousand: each costs bounded memory and bounded time, and others are served.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use listener::tls::HANDSHAKE_TIMEOUT;
use mta::server::serve::{COMMAND_TIMEOUT, DATA_TIMEOUT};
use mta::server::{ListenerConfig, Role, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, advance};

use crate::office::Office;
use crate::sockets::{ask, own, reply, rest, server_tls};
use crate::transcript::config;

/// Peers of one test.
const CROWD: usize = 2000;

/// Memory that one idle or slow peer may cost, in octets, with its buffers and its task.
const MEMORY_OF_ONE: usize = 32 * 1024;

fn server() -> Server<Office> {
    let (server, client) = (own("mx.b.fr"), own("mx.a.fr"));
    let tls = watch::channel(server_tls(&server, &client)).1;
    // The sender is kept with the server: a server whose stop nobody can say any more ends.
    let (stop, stopped) = watch::channel(false);
    std::mem::forget(stop);
    let settings = ListenerConfig::new(config(Role::Reception));
    Server::new(settings, Arc::new(Office::default()), tls, stopped)
}

/// A crowd of connections in memory, and the tasks that serve them.
fn crowd(server: &Server<Office>, number: usize) -> (Vec<DuplexStream>, JoinSet<()>) {
    let mut tasks = JoinSet::new();
    let streams = (0..number).map(|_| {
        let (ours, theirs) = duplex(1024);
        let server = server.clone();
        tasks.spawn(async move { server.connection(theirs, IpAddr::from([192, 0, 2, 1])).await });
        ours
    });
    (streams.collect(), tasks)
}

/// A whole session in memory, as far as it goes without TLS.
async fn is_served(server: &Server<Office>) {
    let (mut ours, mut task) = crowd(server, 1);
    let mut stream = ours.remove(0);
    assert!(reply(&mut stream).await.starts_with("220 "));
    assert!(ask(&mut stream, "EHLO mx.a.fr").await.contains("STARTTLS"));
    assert!(ask(&mut stream, "QUIT").await.starts_with("221 "));
    drop(stream);
    task.join_next().await.unwrap().unwrap();
}

/// Octets of this process in memory, where the system tells.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/statm").ok()?;
    status.split(' ').nth(1)?.parse::<usize>().ok().map(|pages| pages * 4096)
}

#[tokio::test(start_paused = true)]
async fn thousands_that_say_nothing_cost_little_and_are_left_in_time() {
    let server = server();
    let before = resident();
    let (mut streams, mut tasks) = crowd(&server, CROWD);
    for stream in &mut streams {
        assert!(reply(stream).await.starts_with("220 "));
    }
    if let (Some(before), Some(now)) = (before, resident()) {
        let each = now.saturating_sub(before) / CROWD;
        assert!(each <= MEMORY_OF_ONE, "{each}");
    }
    is_served(&server).await;
    let begin = Instant::now();
    for stream in &mut streams {
        assert!(rest(stream).await.starts_with("421 4.4.2 "));
    }
    assert!(begin.elapsed() <= COMMAND_TIMEOUT, "{:?}", begin.elapsed());
    drop(streams);
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn thousands_that_drip_a_command_are_left_when_its_time_is_over() {
    let server = server();
    let (mut streams, mut tasks) = crowd(&server, CROWD);
    for stream in &mut streams {
        reply(stream).await;
    }
    let begin = Instant::now();
    let step = Duration::from_secs(10);
    while begin.elapsed() < COMMAND_TIMEOUT {
        for stream in &mut streams {
            _ = stream.write_all(b"X").await;
        }
        advance(step).await;
    }
    is_served(&server).await;
    for stream in &mut streams {
        assert!(rest(stream).await.starts_with("421 4.4.2 "));
    }
    assert!(begin.elapsed() <= COMMAND_TIMEOUT + 2 * step, "{:?}", begin.elapsed());
    drop(streams);
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn thousands_that_never_do_their_handshake_are_left_in_time() {
    let server = server();
    let (mut streams, mut tasks) = crowd(&server, CROWD);
    for stream in &mut streams {
        reply(stream).await;
        ask(stream, "EHLO mx.a.fr").await;
        assert!(ask(stream, "STARTTLS").await.starts_with("220 "));
    }
    is_served(&server).await;
    let begin = Instant::now();
    for stream in &mut streams {
        assert_eq!(rest(stream).await, "");
    }
    assert!(begin.elapsed() <= HANDSHAKE_TIMEOUT, "{:?}", begin.elapsed());
    drop(streams);
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn thousands_that_stop_in_the_middle_of_a_message_are_left_in_time() {
    let server = server();
    let (mut streams, mut tasks) = crowd(&server, CROWD);
    for stream in &mut streams {
        reply(stream).await;
        ask(stream, "HELO mx.a.fr").await;
        // Refused without TLS, but it is to be read to its end all the same.
        stream.write_all(b"BDAT 1000\r\nhalf").await.unwrap();
    }
    is_served(&server).await;
    let begin = Instant::now();
    for stream in &mut streams {
        assert!(rest(stream).await.starts_with("421 4.4.2 "));
    }
    assert!(begin.elapsed() <= DATA_TIMEOUT, "{:?}", begin.elapsed());
    drop(streams);
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

/// Connects from an address of loopback.
async fn connect_from(from: [u8; 4], to: SocketAddr) -> tokio::net::TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    socket.connect(to).await.unwrap()
}

#[tokio::test]
async fn a_crowd_from_one_address_leaves_room_for_all_others() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let running = tokio::spawn(server().run(listener));
    let mut crowd = Vec::new();
    for _ in 0..listener::MAX_CONNECTIONS_PER_ADDRESS {
        let mut stream = connect_from([127, 0, 0, 1], address).await;
        assert!(reply(&mut stream).await.starts_with("220 "));
        crowd.push(stream);
    }
    // Half-open peers, which send nothing and read nothing, have no place at all.
    let mut more = Vec::new();
    for _ in 0..1000 {
        more.push(connect_from([127, 0, 0, 1], address).await);
    }
    let mut told = more.pop().unwrap();
    let mut said = String::new();
    _ = told.read_to_string(&mut said).await;
    assert!(said.starts_with("421 4.7.0 ") || said.is_empty(), "{said}");
    let mut other = connect_from([127, 0, 0, 2], address).await;
    assert!(reply(&mut other).await.starts_with("220 "));
    assert!(ask(&mut other, "EHLO mx.a.fr").await.contains("STARTTLS"));
    assert!(ask(&mut crowd[0], "NOOP").await.starts_with("250 "), "an open session goes on");
    running.abort();
}
