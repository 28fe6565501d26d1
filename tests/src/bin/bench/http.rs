//! Postings to `peald` over HTTP from another process, which has them in memory before the clock starts.
//!
//! 1. The benchmark starts itself as a client and hands it the postings through a pipe: it takes them all, connects, and says that it is
//!    ready.
//! 2. Told to go, each of its connections sends the next posting as soon as the last is answered, or when it is due at a fixed rate.
//! 3. Receipts are kept as bytes. When the clock has stopped, every one is read and must hold as many records as the posting has
//!    statements; some are checked in full, signature and tree.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use peal_spec::cbor::Cbor;
use peal_spec::note::VerifierKey;
use peal_spec::posting::Posting;
use peal_spec::receipt::Receipt;
use serde_json::{Value, json};

use crate::daemon::{House, Running};
use crate::drive::Run;
use crate::figure::Must;
use crate::wire::Connection;

/// One receipt of so many is checked in full.
const SAMPLE: usize = 64;

/// How the client process is to send.
#[derive(Clone, Debug, clap::Args)]
pub struct ClientArgs {
    /// Be the client that sends the postings given on standard input (used by the benchmark itself)
    #[arg(long, hide = true)]
    pub client: bool,
    #[arg(long, hide = true, default_value = "")]
    authority: String,
    #[arg(long, hide = true, default_value_t = 1)]
    threads: usize,
    #[arg(long, hide = true, default_value_t = 1)]
    each: usize,
    #[arg(long, hide = true)]
    rate: Option<f64>,
    #[arg(long, hide = true)]
    operator: Option<String>,
}

/// The client process.
pub fn client(args: &ClientArgs) {
    let mut input = std::io::stdin().lock();
    let mut postings = Vec::new();
    loop {
        let mut length = [0; 4];
        input.read_exact(&mut length).must("a posting's length");
        let mut posting = vec![0; u32::from_le_bytes(length) as usize];
        if posting.is_empty() {
            break;
        }
        input.read_exact(&mut posting).must("a posting");
        postings.push(posting);
    }
    let connect = |_| Connection::open(&args.authority).must("a connection to peald");
    let connections: Vec<Connection> = (0..args.threads).map(connect).collect();
    let mut out = std::io::stdout();
    writeln!(out, "ready").and_then(|()| out.flush()).must("standard output");
    let mut line = String::new();
    input.read_line(&mut line).must("standard input");
    drop(input);

    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let began = Instant::now();
    let work = |mut connection: Connection| {
        let mut answers = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(posting) = postings.get(at) else { break };
            let sent = match args.rate {
                None => Instant::now(),
                Some(rate) => {
                    let due = began + Duration::from_secs_f64(at as f64 / rate);
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    due
                }
            };
            let (status, body) = connection.post(posting).must("an answer");
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
            answers.push((at, sent.elapsed(), body));
        }
        answers
    };
    // Whoever hears `stop`, or nobody any more, stops.
    let listen = || {
        let mut line = String::new();
        let _ = std::io::stdin().read_line(&mut line);
    };
    let (work, listen) = (&work, &listen);
    let mut took = Duration::ZERO;
    let answers: Vec<(usize, Duration, Vec<u8>)> = std::thread::scope(|scope| {
        let all: Vec<_> = connections.into_iter().map(|c| scope.spawn(move || work(c))).collect();
        if args.rate.is_some() {
            let stop = &stop;
            scope.spawn(move || {
                listen();
                stop.store(true, Ordering::Relaxed);
            });
        }
        let mut answers = Vec::new();
        for thread in all {
            answers.extend(thread.join().unwrap_or_else(|_| panic!("a connection ended")));
        }
        took = began.elapsed();
        // The listener waits for the other side, which waits for this.
        writeln!(out, "done").and_then(|()| out.flush()).must("standard output");
        answers
    });

    let key: VerifierKey =
        args.operator.as_deref().must("the operator's key").parse().must("the operator's key");
    let mut statements = 0;
    let mut times = Vec::with_capacity(answers.len());
    for (at, time, body) in &answers {
        let receipt = Receipt::from_bytes(body).must("a receipt");
        assert_eq!(receipt.results.len(), args.each, "a receipt has a result for each statement");
        assert!(receipt.results.iter().all(Result::is_ok), "a statement of the benchmark was refused");
        statements += receipt.results.len();
        times.push(time.as_micros() as u64);
        if at % SAMPLE == 0 {
            let posting = Posting::receive(&postings[*at], &key.name).must("a posting");
            let (_, records) = receipt.check(&posting, &key).must("a receipt");
            assert_eq!(records.len(), args.each);
        }
    }
    let result = json!({ "statements": statements, "micros": took.as_micros() as u64, "times": times });
    writeln!(out, "{result}").and_then(|()| out.flush()).must("standard output");
}

/// A client process that is ready to go.
pub struct Sender<'r> {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    running: &'r Running,
    key: VerifierKey,
    before: (u64, u64),
}

impl<'r> Sender<'r> {
    /// Starts a client with these postings of `each` statements; with a `rate`, so many postings a second.
    pub fn new(
        house: &House,
        running: &'r Running,
        postings: &[Vec<u8>],
        each: usize,
        connections: usize,
        rate: Option<f64>,
    ) -> Self {
        let mut command = Command::new(std::env::current_exe().must("this program"));
        command.arg("--client").args(["--authority", &running.authority]);
        command.args(["--threads", &connections.to_string(), "--each", &each.to_string()]);
        command.args(["--operator", &house.key().to_string()]);
        if let Some(rate) = rate {
            command.args(["--rate", &rate.to_string()]);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().must("the client");
        let mut input = child.stdin.take().must("the client's input");
        for posting in postings.iter().map(Vec::as_slice).chain([&[][..]]) {
            let length = (posting.len() as u32).to_le_bytes();
            input.write_all(&length).and_then(|()| input.write_all(posting)).must("the client's input");
        }
        let output = BufReader::new(child.stdout.take().must("the client's output"));
        let before = (running.log_size(&house.key()), running.gauge("peal_commits_since_start"));
        let mut sender = Self { child, input: Some(input), output, running, key: house.key(), before };
        assert_eq!(sender.line(), "ready", "the client is ready");
        sender
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).must("the client's output");
        line.trim_end().to_owned()
    }

    fn tell(&mut self, word: &str) {
        if let Some(input) = &mut self.input {
            // A client that has sent everything hears nothing.
            let _ = writeln!(input, "{word}").and_then(|()| input.flush());
        }
    }

    /// Starts the clock.
    pub fn go(&mut self) {
        self.tell("go");
    }

    /// Stops a paced client and takes what it did; without `early` waits until everything is sent.
    pub fn finish(mut self, early: bool) -> Run {
        if early {
            self.tell("stop");
        }
        assert_eq!(self.line(), "done", "the client is done");
        self.input = None;
        let result: Value = serde_json::from_str(&self.line()).must("the client's result");
        assert!(self.child.wait().is_ok_and(|s| s.success()), "the client ends well");
        let micros = |v: &Value| Duration::from_micros(v.as_u64().must("microseconds"));
        let statements = result["statements"].as_u64().must("statements");
        let times = result["times"].as_array().must("times").iter().map(micros).collect();
        let leaves = self.running.log_size(&self.key) - self.before.0;
        let commits = self.running.gauge("peal_commits_since_start") - self.before.1;
        assert_eq!(leaves, statements + commits, "the log holds what was posted");
        Run { statements, took: micros(&result["micros"]), times }
    }
}
