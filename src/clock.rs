//! Time. The only module that reads the system clock, so that a test can move it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A day.
pub const DAY: Duration = Duration::from_hours(24);
/// The longest configurable duration, chosen so that the sum of two is still a valid date.
pub const CENTURY: Duration = Duration::from_hours(100 * 366 * 24);

/// A UTC time in whole milliseconds, as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A time from milliseconds since 1970.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This time plus `length`. Saturates instead of wrapping.
    #[must_use]
    pub fn plus(self, length: Duration) -> Self {
        Self(self.0.saturating_add(millis(length)))
    }

    /// This time minus `length`.
    #[must_use]
    pub fn minus(self, length: Duration) -> Self {
        Self(self.0.saturating_sub(millis(length)))
    }

    /// RFC 3339 in UTC with milliseconds and `Z`, the format of every time in a response.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let moment = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        format!("{moment:.3}")
    }

    /// `2026-11-29T14:05:09.123Z` as `29 November 2026, 14:05 UTC`, for people. Truncated to the minute, never rounded
    /// up, so that what expires then is still valid at the time shown.
    #[must_use]
    pub fn in_words(self) -> String {
        let moment = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        moment.to_zoned(jiff::tz::TimeZone::UTC).strftime("%-d %B %Y, %H:%M UTC").to_string()
    }

    /// Parses RFC 3339 with any offset, strictly. Fractions are truncated to milliseconds.
    ///
    /// Hand-written, because jiff accepts more than RFC 3339 and ends a day before the end of the year 9999.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let text = text.to_ascii_uppercase();
        let (date, time) = text.split_once('T')?;
        let day = Self::parse_day(date)?;
        let (clock, offset) = if let Some(clock) = time.strip_suffix('Z') {
            (clock, 0)
        } else {
            let at = time.rfind(['+', '-'])?;
            let (hours, minutes) = time.get(at + 1..)?.split_once(':')?;
            let minutes = number(hours, 2, 23)? * 60 + number(minutes, 2, 59)?;
            (time.get(..at)?, if time.get(at..=at)? == "-" { -minutes } else { minutes })
        };
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let parts: Vec<&str> = clock.split(':').collect();
        let [hours, minutes, seconds] = parts[..] else { return None };
        let minute = number(hours, 2, 23)? * 60 + number(minutes, 2, 59)? - offset;
        let second = number(seconds, 2, 60)?;
        // A leap second is the last second of a day in UTC; it counts as the second before.
        if second == 60 && minute.rem_euclid(24 * 60) != 24 * 60 - 1 {
            return None;
        }
        let millis: String = fraction.chars().chain("00".chars()).take(3).collect();
        let length = (minute * 60 + second.min(59)) * 1_000 + number(&millis, 3, 999)?;
        Some(Self(day.0 + length))
    }

    /// Parses a date, such as 2026-01-31, as its first millisecond in UTC.
    #[must_use]
    pub fn parse_day(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts[..] else { return None };
        let (year, month, day) = (number(year, 4, 9_999)?, number(month, 2, 12)?, number(day, 2, 31)?);
        let day = jiff::civil::Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?)
            .ok()?;
        let days = jiff::civil::date(1970, 1, 1).until(day).ok()?.get_days();
        Some(Self(i64::from(days) * 24 * 60 * 60 * 1_000))
    }

    /// The time as the standard library's type, for a mail's `Date`.
    #[must_use]
    pub fn system_time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0.try_into().unwrap_or(0))
    }
}

impl Serialize for Timestamp {
    /// In the format of [`Timestamp::rfc3339`].
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    /// Parsed by [`Timestamp::parse_rfc3339`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse_rfc3339(&text)
            .ok_or_else(|| D::Error::custom("must be RFC 3339, such as 2030-01-31T12:00:00Z"))
    }
}

/// Parses exactly `digits` digits, up to `max`.
fn number(text: &str, digits: usize, max: i64) -> Option<i64> {
    if text.len() != digits || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number| *number <= max)
}

fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

/// The server's clock: the system clock, possibly moved or frozen by a test.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    state: Arc<Mutex<ClockState>>,
}

/// Whether a clock is running, and its offset or time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClockState {
    /// Running, this many milliseconds ahead of the system clock.
    Running(i64),
    /// Frozen at this time.
    Frozen(Timestamp),
}

impl ClockState {
    /// Running, and at `moment` now.
    fn running_from(moment: Timestamp) -> Self {
        Self::Running(moment.0.saturating_sub(system_millis()))
    }
}

impl Default for ClockState {
    fn default() -> Self {
        Self::Running(0)
    }
}

impl Clock {
    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match *self.state() {
            ClockState::Running(ahead_ms) => Timestamp(system_millis().saturating_add(ahead_ms)),
            ClockState::Frozen(moment) => moment,
        }
    }

    /// Advances the clock by `length`, for every holder.
    pub fn advance(&self, length: Duration) {
        let mut state = self.state();
        *state = match *state {
            ClockState::Running(ahead_ms) => ClockState::Running(ahead_ms.saturating_add(millis(length))),
            ClockState::Frozen(moment) => ClockState::Frozen(moment.plus(length)),
        };
    }

    /// Sets the time, for every holder; a running clock continues from there.
    pub fn set(&self, moment: Timestamp) {
        let mut state = self.state();
        *state = match *state {
            ClockState::Running(_) => ClockState::running_from(moment),
            ClockState::Frozen(_) => ClockState::Frozen(moment),
        };
    }

    /// Freezes the clock, for every holder; [`Clock::advance`] still moves it.
    pub fn freeze(&self) {
        let now = self.now();
        *self.state() = ClockState::Frozen(now);
    }

    /// Resumes a frozen clock from its time.
    pub fn resume(&self) {
        let mut state = self.state();
        if let ClockState::Frozen(moment) = *state {
            *state = ClockState::running_from(moment);
        }
    }

    /// Whether the clock is frozen.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        matches!(*self.state(), ClockState::Frozen(_))
    }

    /// Resets it to the system clock and returns the previous setting, for [`Clock::restore`].
    #[must_use]
    pub fn reset(&self) -> Setting {
        Setting(std::mem::take(&mut *self.state()))
    }

    /// Restores the setting from before a [`Clock::reset`] that failed.
    pub fn restore(&self, before: Setting) {
        *self.state() = before.0;
    }

    /// No code panics while holding the lock, so a poisoned one is safe to use.
    fn state(&self) -> MutexGuard<'_, ClockState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The setting of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting(ClockState);

fn system_millis() -> i64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_with_milliseconds_and_zulu() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_763_770_638_007, "2025-11-22T00:17:18.007Z"),
            (1_763_770_638_070, "2025-11-22T00:17:18.070Z"),
        ] {
            assert_eq!(Timestamp::from_millis(millis).rfc3339(), text);
            assert_eq!(Timestamp::parse_rfc3339(text), Some(Timestamp::from_millis(millis)));
        }
    }

    #[test]
    fn the_end_of_time_is_an_end_and_not_a_panic() {
        let far = Timestamp::from_millis(i64::MAX - 1).plus(Duration::from_secs(9));
        assert_eq!(far.as_millis(), i64::MAX);
        assert!(far.rfc3339().starts_with("9999-12-"));
    }

    #[test]
    fn every_holder_of_a_clock_sees_it_move() {
        let clock = Clock::default();
        let other = clock.clone();
        let before = other.now();
        clock.advance(Duration::from_hours(8 * 24));
        assert!(other.now() >= before.plus(Duration::from_hours(8 * 24)));
    }

    #[test]
    fn a_frozen_clock_moves_only_by_advance() {
        let clock = Clock::default();
        clock.freeze();
        let frozen = clock.now();
        assert_eq!(clock.clone().now(), frozen);
        clock.advance(Duration::from_millis(1));
        assert_eq!(clock.now(), frozen.plus(Duration::from_millis(1)));
    }

    #[test]
    fn a_clock_is_set_and_goes_on_as_it_went() {
        let (clock, moment) = (Clock::default(), Timestamp::from_millis(4_000_000_000_000));
        clock.set(moment);
        assert!(clock.now() >= moment && !clock.is_frozen());
        clock.freeze();
        clock.set(moment);
        assert_eq!((clock.now(), clock.is_frozen()), (moment, true));
        clock.resume();
        assert!(clock.now() >= moment && clock.now() < moment.plus(Duration::from_hours(1)));
        assert!(!clock.is_frozen());
    }

    #[test]
    fn a_clock_that_was_reset_can_be_put_back() {
        let clock = Clock::default();
        clock.freeze();
        clock.advance(Duration::from_hours(1));
        let frozen = clock.now();
        let before = clock.reset();
        assert!(clock.now() < frozen && !clock.is_frozen());
        clock.restore(before);
        assert_eq!(clock.now(), frozen);
    }

    #[test]
    fn a_time_in_json_is_rfc_3339() {
        let read = |text: &str| serde_json::from_str::<Timestamp>(text);
        assert_eq!(read("\"1970-01-01T00:00:01Z\"").unwrap(), Timestamp::from_millis(1_000));
        assert_eq!(serde_json::json!(Timestamp::from_millis(7)), "1970-01-01T00:00:00.007Z");
        for wrong in ["\"soon\"", "\"2030-01-31\"", "0", "null"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
