//! `peal`: the tool of workers, platforms, funds, bureaus and auditors.

mod cmd;

fn main() -> std::process::ExitCode {
    cmd::run()
}
