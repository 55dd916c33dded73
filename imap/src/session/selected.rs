//! The selected mailbox as the client knows it.
//!
//! Invariants: sequence numbers are places in `uids`, which change only when the client is told; changes, whoever made
//! them, come from the account's change log. Failure: a session that fell behind the log's floor compares afresh.

use std::collections::BTreeSet;
use std::sync::Arc;

use mailstore::model::change::ChangeKind;
use mailstore::model::flags::{Flags, UidFlags};
use mailstore::model::mailbox::Mailbox;
use mailstore::{MailboxId, StoreError, View};

use super::answer::Answer;
use super::enabled::Enabled;
use super::listing::Listing;
use crate::encode;
use crate::grammar::set::Ranges;

/// Changes read at once.
const CHANGES_AT_ONCE: usize = 500;

/// Changes that are always read rather than the mailbox.
const MIN_CHANGES: u64 = 16;

/// Messages whose flags are read in about the time of one change.
const PAGE: u64 = 256;

/// Messages whose flags are read at once to find the first unseen one.
const WINDOW: usize = 1024;

/// Windows that are looked through for it.
const MAX_WINDOWS: usize = 64;

/// The selected mailbox.
#[derive(Debug)]
pub(super) struct Selected {
    pub(super) mailbox: MailboxId,
    pub(super) read_only: bool,
    /// In ascending order; shared with others until it changes.
    pub(super) uids: Arc<Vec<u32>>,
    /// UIDs that are `\Recent` in this session: first, and the one after the last.
    recent: Vec<(u32, u32)>,
    /// The result of the last SEARCH that saved it.
    // RFC 5182 §2.1
    pub(super) saved: Vec<u32>,
    /// Changes of this session that its client has been told of.
    pub(super) told: BTreeSet<u64>,
    /// Changes up to here are known.
    mod_seq: u64,
    /// The mailbox's modification sequence that goes with them.
    pub(super) highest_mod_seq: u64,
    /// Removed, the client not being told yet.
    gone: BTreeSet<u32>,
    /// Came, the client not being told yet.
    arrived: BTreeSet<u32>,
    /// Their flags changed, the client not being told yet.
    flagged: BTreeSet<u32>,
    /// Keywords that the client knows of.
    keywords: usize,
    deleted: bool,
}

/// What is told of a message's flags.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub(super) uid: bool,
    pub(super) flags: bool,
    pub(super) mod_seq: bool,
}

impl Shown {
    pub(super) const ALL: Self = Self { uid: true, flags: true, mod_seq: true };
}

impl Selected {
    /// Opens a mailbox, from a listing of before if there is one.
    pub(super) fn open(
        view: &View<'_>,
        mailbox: MailboxId,
        read_only: bool,
        listing: Option<Listing>,
    ) -> Result<Self, StoreError> {
        let now = view.highest_mod_seq()?;
        let is_cheaper = |listing: &Listing| {
            let pages = u64::try_from(listing.uids.len()).unwrap_or(u64::MAX) / PAGE;
            now.saturating_sub(listing.mod_seq) <= pages.max(MIN_CHANGES)
        };
        let listing = match listing.filter(is_cheaper) {
            Some(listing) => listing,
            None => {
                let flags = view.flags(mailbox, 0, u32::MAX)?;
                let uids = Arc::new(flags.iter().map(|one| one.uid).collect());
                Listing { uids, mod_seq: now }
            }
        };
        let mut selected = Self {
            mailbox,
            read_only,
            uids: listing.uids,
            recent: Vec::new(),
            saved: Vec::new(),
            told: BTreeSet::new(),
            mod_seq: listing.mod_seq,
            highest_mod_seq: view.mailbox_state(mailbox)?.highest_mod_seq,
            gone: BTreeSet::new(),
            arrived: BTreeSet::new(),
            flagged: BTreeSet::new(),
            keywords: view.mailbox(mailbox)?.keywords().len(),
            deleted: false,
        };
        selected.catch_up(view)?;
        // The client knows of nothing yet, so there is nothing to tell.
        selected.take_out_gone();
        selected.take_in_arrived();
        selected.flagged.clear();
        Ok(selected)
    }

    /// What another session may begin with.
    pub(super) fn listing(&self) -> Listing {
        Listing { uids: self.uids.clone(), mod_seq: self.mod_seq }
    }

    /// What another session may begin with, when this one has ended; None of a mailbox that was deleted.
    pub(super) fn into_listing(mut self) -> Option<Listing> {
        // Also what the client was not told.
        self.take_out_gone();
        self.take_in_arrived();
        (!self.deleted).then(|| self.listing())
    }

    fn take_out_gone(&mut self) {
        let gone = std::mem::take(&mut self.gone);
        if !gone.is_empty() {
            Arc::make_mut(&mut self.uids).retain(|uid| !gone.contains(uid));
            self.saved.retain(|uid| !gone.contains(uid));
        }
    }

    fn take_in_arrived(&mut self) {
        let arrived = std::mem::take(&mut self.arrived);
        if !arrived.is_empty() {
            Arc::make_mut(&mut self.uids).extend(arrived);
        }
    }

    /// The number of the first message without `\Seen`, of `unseen` in all; None also where it is too far to look.
    // RFC 3501 §7.1, UNSEEN
    pub(super) fn first_unseen(
        &self,
        view: &View<'_>,
        unseen: u32,
    ) -> Result<Option<u32>, StoreError> {
        let flags = |window: &[u32]| match (window.first(), window.last()) {
            (Some(first), Some(last)) if unseen > 0 => view.flags(self.mailbox, *first, *last),
            _ => Ok(Vec::new()),
        };
        let is_unseen = |one: &&UidFlags| !one.flags.contain(Flags::SEEN);
        let first = flags(self.uids.chunks(WINDOW).next().unwrap_or_default())?;
        if let Some(first) = first.iter().find(is_unseen) {
            return Ok(self.number(first.uid));
        }
        // Unseen ones are mostly the last: from there back, until all are found.
        let mut found = 0;
        for window in self.uids.rchunks(WINDOW).take(MAX_WINDOWS) {
            for one in flags(window)?.iter().rev().filter(is_unseen) {
                found += 1;
                if found == unseen {
                    return Ok(self.number(one.uid));
                }
            }
        }
        Ok(None)
    }

    /// The sequence number of a UID.
    pub(super) fn number(&self, uid: u32) -> Option<u32> {
        self.uids.binary_search(&uid).ok().and_then(|at| u32::try_from(at + 1).ok())
    }

    /// How many messages the client knows of.
    pub(super) fn exists(&self) -> u32 {
        u32::try_from(self.uids.len()).unwrap_or(u32::MAX)
    }

    /// What `*` is, as a UID or as a number.
    pub(super) fn last(&self, uid: bool) -> u32 {
        match uid {
            true => self.uids.last().copied().unwrap_or_default(),
            false => self.exists(),
        }
    }

    /// The UIDs of a set; a sequence number beyond the last is a mistake.
    pub(super) fn named(&self, set: &Ranges, uid: bool) -> Result<Vec<u32>, Answer> {
        let mut named = Vec::new();
        let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        for (first, last) in set.ranges() {
            let (from, to) = match uid {
                true => (
                    self.uids.partition_point(|one| one < first),
                    self.uids.partition_point(|one| one <= last),
                ),
                false if *first == 0 || *last > self.exists() => {
                    return Err(Answer::bad("There is no message of this number"));
                }
                false => (place(*first - 1), place(*last)),
            };
            named.extend(self.uids.get(from..to).unwrap_or_default());
        }
        Ok(named)
    }

    /// These UIDs are `\Recent` here: from the first to the one before the second.
    pub(super) fn claim(&mut self, (first, end): (u32, u32)) {
        match self.recent.last_mut() {
            Some((_, last)) if *last == first => *last = end,
            _ if first < end => self.recent.push((first, end)),
            _ => {}
        }
    }

    /// Nothing is `\Recent` any more.
    // RFC 9051 §E
    pub(super) fn forget_recent(&mut self) {
        self.recent.clear();
    }

    pub(super) fn is_recent(&self, uid: u32) -> bool {
        self.recent.iter().any(|(first, end)| (*first..*end).contains(&uid))
    }

    pub(super) fn count_recent(&self) -> usize {
        let count = |(first, end): &(u32, u32)| {
            let place = |uid: &u32| self.uids.partition_point(|one| one < uid);
            place(end).saturating_sub(place(first))
        };
        self.recent.iter().map(count).sum()
    }

    /// Whether a message is gone, though the client still counts it.
    pub(super) fn is_gone(&self, uid: u32) -> bool {
        self.gone.contains(&uid)
    }

    /// Reads the change log; whether there are messages that the client has not been told of.
    pub(super) fn catch_up(&mut self, view: &View<'_>) -> Result<bool, StoreError> {
        if view.highest_mod_seq()? == self.mod_seq {
            return Ok(!self.arrived.is_empty());
        }
        let last = self.uids.last().copied().unwrap_or_default();
        if view.counters()?.floor > self.mod_seq {
            self.compare(view)?;
        }
        loop {
            let changes = view.changes(self.mod_seq, CHANGES_AT_ONCE)?;
            let Some((newest, _)) = changes.last() else { break };
            self.mod_seq = *newest;
            for (mod_seq, change) in changes {
                self.deleted |= change.kind == ChangeKind::MailboxDeleted
                    && change.mailboxes.contains(&self.mailbox);
                let told = self.told.remove(&mod_seq);
                for placed in change.placed.iter().filter(|at| at.mailbox == self.mailbox) {
                    match change.kind {
                        ChangeKind::Flags if told => {}
                        ChangeKind::Flags => self.flagged.extend(placed.uids.iter()),
                        _ => self.arrived.extend(placed.uids.iter().filter(|uid| *uid > last)),
                    }
                }
                for removed in change.removed.iter().filter(|at| at.mailbox == self.mailbox) {
                    self.gone.extend(removed.uids.iter());
                }
            }
        }
        match view.mailbox_state(self.mailbox) {
            Ok(state) => self.highest_mod_seq = state.highest_mod_seq,
            Err(_) => self.deleted = true,
        }
        // What came and went unseen never was.
        let unseen: Vec<u32> = self.gone.iter().copied().filter(|uid| *uid > last).collect();
        for uid in unseen {
            self.gone.remove(&uid);
            self.arrived.remove(&uid);
        }
        self.flagged.retain(|uid| *uid <= last && !self.gone.contains(uid));
        Ok(!self.arrived.is_empty())
    }

    /// The log does not reach back far enough.
    fn compare(&mut self, view: &View<'_>) -> Result<(), StoreError> {
        let there = view.flags(self.mailbox, 0, u32::MAX)?;
        let there: BTreeSet<u32> = there.iter().map(|one| one.uid).collect();
        let last = self.uids.last().copied().unwrap_or_default();
        self.gone.extend(self.uids.iter().filter(|uid| !there.contains(uid)));
        self.arrived.extend(there.iter().filter(|uid| **uid > last));
        self.flagged.extend(self.uids.iter().filter(|uid| there.contains(uid)));
        self.mod_seq = view.highest_mod_seq()?;
        Ok(())
    }

    /// Tells the client what changed; EXPUNGE only where it is allowed.
    // RFC 3501 §5.2, §7.4.1
    pub(super) fn tell(
        &mut self,
        view: &View<'_>,
        expunges: bool,
        enabled: Enabled,
        out: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        if expunges && self.deleted {
            self.gone.extend(self.uids.iter().copied());
        }
        if expunges && !self.gone.is_empty() {
            self.tell_gone(enabled, out);
        }
        if !self.arrived.is_empty() {
            self.take_in_arrived();
            out.extend_from_slice(format!("* {} EXISTS\r\n", self.exists()).as_bytes());
            if !enabled.rev2 {
                out.extend_from_slice(format!("* {} RECENT\r\n", self.count_recent()).as_bytes());
            }
        }
        if self.deleted {
            self.flagged.clear();
            return Ok(());
        }
        let flagged = std::mem::take(&mut self.flagged);
        if let (Some(first), Some(last)) = (flagged.first(), flagged.last()) {
            let mailbox = view.mailbox(self.mailbox)?;
            self.tell_keywords(&mailbox, out);
            let shown = Shown { mod_seq: enabled.condstore, ..Shown::ALL };
            for one in view.flags(self.mailbox, *first, *last)? {
                if flagged.contains(&one.uid) {
                    self.tell_flags(&mailbox, one, shown, out);
                }
            }
        }
        Ok(())
    }

    fn tell_gone(&mut self, enabled: Enabled, out: &mut Vec<u8>) {
        if enabled.qresync {
            // RFC 7162 §3.2.10.2
            let gone = self.gone.iter().filter(|uid| self.number(**uid).is_some());
            let gone = Ranges::new(gone.map(|uid| (*uid, *uid)).collect());
            if !gone.is_empty() {
                out.extend_from_slice(format!("* VANISHED {gone}\r\n").as_bytes());
            }
        } else {
            // From the last on, so that the numbers before stay.
            for number in self.gone.iter().rev().filter_map(|uid| self.number(*uid)) {
                out.extend_from_slice(format!("* {number} EXPUNGE\r\n").as_bytes());
            }
        }
        self.take_out_gone();
    }

    /// FLAGS, if there are keywords that the client has not seen.
    pub(super) fn tell_keywords(&mut self, mailbox: &Mailbox, out: &mut Vec<u8>) {
        if mailbox.keywords().len() != self.keywords {
            self.keywords = mailbox.keywords().len();
            out.extend_from_slice(format!("* FLAGS ({})\r\n", flag_names(mailbox)).as_bytes());
        }
    }

    /// FETCH with the flags of a message.
    pub(super) fn tell_flags(
        &self,
        mailbox: &Mailbox,
        one: UidFlags,
        shown: Shown,
        out: &mut Vec<u8>,
    ) {
        let Some(number) = self.number(one.uid) else { return };
        out.extend_from_slice(format!("* {number} FETCH (").as_bytes());
        let mut gap = "";
        if shown.uid {
            out.extend_from_slice(format!("UID {}", one.uid).as_bytes());
            gap = " ";
        }
        if shown.flags {
            out.extend_from_slice(format!("{gap}FLAGS ").as_bytes());
            encode::flags(out, one.flags, mailbox, self.is_recent(one.uid));
            gap = " ";
        }
        if shown.mod_seq {
            // RFC 7162 §7, fetch-mod-resp
            out.extend_from_slice(format!("{gap}MODSEQ ({})", one.mod_seq).as_bytes());
        }
        out.extend_from_slice(b")\r\n");
    }
}

/// The names of all flags of a mailbox.
pub(super) fn flag_names(mailbox: &Mailbox) -> String {
    let mut names: Vec<&str> = encode::SYSTEM_FLAGS.iter().map(|(name, _)| *name).collect();
    names.extend(mailbox.keywords().map(|keyword| keyword.as_str()));
    names.join(" ")
}
