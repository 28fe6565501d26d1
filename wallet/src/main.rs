//! `peal`: the tool of workers, platforms, funds, bureaus and auditors.

#![forbid(unsafe_code)]

mod cmd;

fn main() -> std::process::ExitCode {
    cmd::run()
}
