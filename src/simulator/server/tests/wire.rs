//! How responses are framed, and when a connection stays open.

use std::io::{Read, Write};

use super::client::{End, RawClient, status};
use crate::simulator::{Fault, Response, Simulator, When};

#[test]
fn a_connection_stays_open_unless_one_of_the_two_closes_it() {
    let closing = |value: &str| Some(Fault::header("Connection", value));
    let table = [
        ("HTTP/1.1", "", None, true),
        ("HTTP/1.1", "Connection: keep-alive\r\n", None, true),
        ("HTTP/1.1", "Connection: close\r\n", None, false),
        ("HTTP/1.1", "Connection: TE, Close\r\n", None, false),
        ("HTTP/1.1", "", closing("close"), false),
        ("HTTP/1.1", "", closing("Close"), false),
        ("HTTP/1.0", "", None, false),
        ("HTTP/1.0", "Connection: Keep-Alive\r\n", None, true),
    ];
    for (version, fields, fault, stays_open) in table {
        let simulator = Simulator::start().unwrap();
        if let Some(fault) = fault {
            simulator.inject(When::always(), fault);
        }
        let mut client = RawClient::new(&simulator);
        write!(client.stream, "GET / {version}\r\nHost: localhost\r\n{fields}\r\n").unwrap();
        let (answer, end) = client.read();
        assert_eq!((status(&answer), end), ("401", End::Complete), "{version} {fields}");
        let again = if stays_open { client.send("/", "") } else { client.read() };
        let expected = if stays_open { End::Complete } else { End::Closed };
        assert_eq!(again.1, expected, "{version} {fields}: {}", again.0);
    }
}

#[test]
fn a_response_is_framed_by_its_length_unless_it_says_otherwise() {
    let chunked = |status, body: &str| {
        Response::new(status).header("Transfer-Encoding", "chunked").body(body.to_owned())
    };
    let table = [
        (Response::new(200).body("abc"), "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"),
        (Response::new(299), "HTTP/1.1 299 Unknown\r\ncontent-length: 0\r\n\r\n"),
        (Response::new(204).body("abc"), "HTTP/1.1 204 No Content\r\n\r\n"),
        (Response::new(304).body("abc"), "HTTP/1.1 304 Not Modified\r\n\r\n"),
        (
            Response::new(200).header("Content-Length", "9").body("abc"),
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
        ),
        (chunked(200, "abc"), "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        (chunked(200, ""), "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
    ];
    for (response, expected) in table {
        let simulator = Simulator::builder()
            .fault(When::always(), Fault::Response(response))
            .fault(When::always(), Fault::CloseAfter)
            .start()
            .unwrap();
        let mut client = RawClient::new(&simulator);
        client.stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        assert_eq!(client.read().0, expected);
    }
}

#[test]
fn requests_that_come_together_or_in_pieces_are_answered_one_by_one() {
    let simulator = Simulator::start().unwrap();
    let requests = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n\
                    POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nde\
                    GET /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    for size in [1, 7, requests.len()] {
        let mut client = RawClient::new(&simulator);
        for piece in requests.as_bytes().chunks(size) {
            client.stream.write_all(piece).unwrap();
        }
        client.stream.read_to_end(&mut Vec::new()).unwrap();
        let recorded = simulator.requests();
        let recorded: Vec<_> = recorded.iter().map(|r| (r.target.as_slice(), r.body.as_slice())).collect();
        let expected: [(&[u8], &[u8]); 3] = [(b"/a", b"abc"), (b"/b", b"de"), (b"/c", b"")];
        assert_eq!(recorded, expected, "pieces of {size}");
        simulator.reset_stats();
    }
}
