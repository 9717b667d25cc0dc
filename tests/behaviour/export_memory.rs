//! Exports of long entries: what their clients have not read yet takes little memory, however many they are. FR-21.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use crate::support::inside::onlooker;
use crate::support::postgres::of_sqlite_alone;
use crate::support::program::{Serving, run_well};
use crate::support::seed;
use crate::support::tcp::request;

const EXPORT: &str = "/api/audit-logs/export";
const ENTRIES: u32 = 700;
const ENTRY_BYTES: u32 = 60_000;
/// All of the file has about 42 MB.
const MEMORY_KIB_MAX: u64 = 40 * 1024;

fn resident_kib(server: &Serving) -> u64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).expect("the process is there");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line about its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

fn ask(server: &Serving) -> TcpStream {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out");
    stream
        .write_all(&request("GET", EXPORT, &[("authorization", seed::OWNER_SES)], b""))
        .expect("it is sent");
    stream
}

fn status(stream: &mut TcpStream) -> u16 {
    let mut line = [0; 12];
    stream.read_exact(&mut line).expect("a status line");
    std::str::from_utf8(&line[9..]).expect("digits").parse().expect("a status")
}

fn fill(file: &Path) {
    let database = onlooker(file);
    let sql = format!(
        "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {ENTRIES})
         INSERT INTO audit_logs (id, organisation_id, created_at, type, action, user_id, project_id, ref_id, data)
         SELECT randomblob(16), users.organisation_id, number, 'user', 'updated', users.id, NULL, users.id,
                '{{\"text\":\"' || hex(zeroblob({ENTRY_BYTES} / 2)) || '\"}}'
         FROM numbers JOIN users ON users.email = 'owner@acme.test'"
    );
    database.execute_batch(&sql).expect("they are added");
}

#[test]
fn fr_21_exports_that_wait_for_their_clients_hold_little_and_are_few() {
    of_sqlite_alone!("fills the file directly, and reads the memory of one process");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("test.db");
    run_well(&["seed", seed::FILE, "--database", file.to_str().expect("a path of text")]);
    fill(&file);
    let server = Serving::start(folder.path(), &[]);
    let before = resident_kib(&server);
    let mut waiting: Vec<TcpStream> = (0..8).map(|_| ask(&server)).collect();
    assert!(waiting.iter_mut().all(|stream| status(stream) == 200));
    std::thread::sleep(Duration::from_secs(2));
    let held = resident_kib(&server).saturating_sub(before);
    assert!(held <= MEMORY_KIB_MAX, "{held} KiB are held for eight exports");
    let mut one_more = ask(&server);
    assert_eq!(status(&mut one_more), 503, "an organisation has eight at once");
    waiting.pop();
    let mut in_place_of_it = ask(&server);
    assert_eq!(status(&mut in_place_of_it), 200);
    let mut whole = Vec::new();
    in_place_of_it.read_to_end(&mut whole).ok();
    assert!(whole.len() > (ENTRIES * ENTRY_BYTES) as usize, "{} bytes", whole.len());
    let held = resident_kib(&server).saturating_sub(before);
    assert!(held <= MEMORY_KIB_MAX, "{held} KiB are held after a whole one");
}
