use super::*;

/// A target that accepts a limited number of bytes.
struct Room {
    bytes: Vec<u8>,
    free: usize,
    is_read: bool,
    takes: Duration,
    waited: std::cell::RefCell<Vec<Duration>>,
}

impl Room {
    fn of(free: usize) -> Self {
        Self {
            bytes: Vec::new(),
            free,
            is_read: true,
            takes: Duration::ZERO,
            waited: std::cell::RefCell::default(),
        }
    }
}

impl Target for Room {
    fn is_ready(&self, wait: Duration) -> bool {
        self.waited.borrow_mut().push(wait);
        thread::sleep(self.takes.min(wait));
        self.is_read
    }

    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        let length = chunk.len().min(self.free);
        if length == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.free -= length;
        self.bytes.extend(&chunk[..length]);
        Ok(length)
    }
}

fn text(lines: &Lines<Room>) -> String {
    String::from_utf8(lines.state().target.bytes.clone()).unwrap()
}

#[test]
fn lines_without_space_are_dropped_and_counted_and_none_is_split() {
    for form in [Format::Json, Format::Text] {
        let lines = Lines::new(Room::of(10), form);
        for line in ["first\n", "second\n", "third\n"] {
            lines.write_line(line.as_bytes());
        }
        assert_eq!(text(&lines), "first\nseco");
        lines.state().target.free = 1000;
        lines.write_line(b"fourth\n");
        let text = text(&lines);
        let found: Vec<&str> = text.lines().collect();
        assert!(matches!(found[..], ["first", "seco", note, "fourth"] if note.contains("dropped")), "{text}");
        if form == Format::Json {
            assert_eq!(serde_json::from_str::<serde_json::Value>(found[2]).unwrap()["dropped"], 2);
        } else {
            assert!(found[2].ends_with("dropped=2"), "{text}");
        }
    }
}

#[test]
fn each_line_names_the_instance() {
    for (form, line, wanted) in [
        (Format::Json, "{\"a\":1}\n", "{\"instance\":\"one-\\\"1\",\"a\":1}\n"),
        (Format::Text, "INFO a\n", "INFO a instance=\"one-\\\"1\"\n"),
    ] {
        let lines = Lines::new(Room::of(1000), form).of_instance(Some("one-\"1".to_owned()));
        lines.write_line(line.as_bytes());
        assert_eq!(text(&lines), wanted);
    }
}

#[test]
fn a_reader_that_stopped_is_waited_for_once() {
    let lines = Lines::new(Room::of(1000), Format::Json);
    lines.state().target.is_read = false;
    for _ in 0..3 {
        lines.write_line(b"line\n");
    }
    assert_eq!(lines.state().target.waited.take(), [WAIT_FOR_READER, Duration::ZERO, Duration::ZERO]);
    lines.state().target.is_read = true;
    lines.write_line(b"line\n");
    lines.state().target.waited.take();
    lines.write_line(b"line\n");
    assert_eq!(lines.state().target.waited.take(), [WAIT_FOR_READER]);
    assert!(text(&lines).contains("\"dropped\":3"), "{}", text(&lines));
}

#[test]
fn all_lines_together_wait_for_a_slow_reader_as_long_as_one() {
    let lines = Lines::new(Room::of(1000), Format::Json);
    lines.state().target.takes = WAIT_FOR_READER * 2 / 5;
    for _ in 0..5 {
        lines.write_line(b"line\n");
    }
    let waited = lines.state().target.waited.take();
    assert!(waited.is_sorted_by(|one, next| one >= next) && waited[4] == Duration::ZERO, "{waited:?}");
    lines.state().window_begun -= WAIT_WINDOW;
    lines.write_line(b"line\n");
    assert_eq!(lines.state().target.waited.take(), [WAIT_FOR_READER]);
}
