//! The outbox: a Maildir in which what would leave for ordinary e-mail or SMS lies as messages.
//!
//! Invariants: a notice names a channel and an address, and nothing of anybody's health; it appears
//! whole in `new/` (written in `tmp/`, flushed, renamed), so that a gateway never reads half of one.
//! Failure: the error of the disk; whoever sent the notice is told.

use access::{Channel, Courier, CourierError, Notice, Sending};
use domain::Clock;
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::tz::TimeZone;
use mailstore::{Random, SystemRandom};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A Maildir that takes notices.
#[derive(Debug)]
pub(crate) struct Outbox {
    dir: PathBuf,
    from: String,
    clock: Arc<dyn Clock>,
}

impl Outbox {
    /// Opens the Maildir, making what it lacks.
    pub(crate) fn open(dir: &Path, from: String, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        for folder in ["tmp", "new", "cur"] {
            DirBuilder::new().recursive(true).mode(0o700).create(dir.join(folder))?;
        }
        Ok(Self { dir: dir.to_owned(), from, clock })
    }

    fn write(&self, notice: &Notice) -> std::io::Result<()> {
        let now = self.clock.now();
        let mut tail = [0; 8];
        SystemRandom.fill(&mut tail).map_err(|_| std::io::Error::other("no randomness"))?;
        let name = format!("{}.{}.pli", now.as_second(), hex::encode(tail));
        let channel = match notice.channel {
            Channel::Email => "email",
            Channel::Sms => "sms",
        };
        let date = DateTimePrinter::new().zoned_to_string(&now.to_zoned(TimeZone::UTC));
        let message = mail_builder::MessageBuilder::new()
            .header("X-Channel", mail_builder::headers::raw::Raw::new(channel))
            .header("To", mail_builder::headers::raw::Raw::new(notice.to.as_str()))
            .header("Date", mail_builder::headers::raw::Raw::new(date.unwrap_or_default()))
            .from(self.from.as_str())
            .message_id(format!("{name}@outbox"))
            .subject(notice.subject.as_str())
            .text_body(notice.text.as_str());
        let temporary = self.dir.join("tmp").join(&name);
        // A code in it is the second half of a log-in: nobody else may read it.
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&temporary)?;
        message.write_to(&mut file)?;
        file.flush()?;
        file.sync_all()?;
        std::fs::rename(&temporary, self.dir.join("new").join(&name))?;
        File::open(self.dir.join("new"))?.sync_all()
    }
}

impl Courier for Outbox {
    fn send(&self, notice: Notice) -> Sending<'_> {
        let written = self.write(&notice).map_err(CourierError::new);
        Box::pin(std::future::ready(written))
    }
}
