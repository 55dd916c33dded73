//! Notices: citizens are told, without content, that a document is kept from them until a professional has spoken of
//! it.
//!
//! Invariants: a notice names no document, no professional and no matter; it is sent to whoever may read the account.
//! Failure: what did not leave stays due and is tried again at the next round; a notice that left before that could be
//! noted is sent once more.

use access::{Access, NotifyError};
use domain::Bilingual;
use mailstore::{AccountId, Actor, StoreError, Transaction};
use post::Post;
use record::EntryId;
use std::time::Duration;
use tokio::sync::watch;

/// Notices looked up at once.
const BATCH: usize = 64;
/// How often due times are looked at.
const LOOK: Duration = Duration::from_secs(60);

const SUBJECT: Bilingual = Bilingual {
    fr: "Un document vous attend dans votre espace",
    en: "A document is waiting in your space",
};
const TEXT: Bilingual = Bilingual {
    fr: "Un document a été déposé dans votre espace il y a deux semaines. Le professionnel qui l'a \
         envoyé souhaite d'abord vous en parler : prenez contact avec lui. Sans nouvelles de sa part, \
         vous pourrez le lire dans votre espace un mois après son dépôt.\n",
    en: "A document was put into your space two weeks ago. The professional who sent it would like to \
         speak with you about it first: please contact them. If you hear nothing, you will be able to \
         read it in your space one month after it was put there.\n",
};

/// Tells citizens of what is kept from them. Clones share it.
#[derive(Debug, Clone)]
pub struct Notices {
    post: Post,
    access: Access,
}

impl Notices {
    /// The notices of an operator.
    #[must_use]
    pub fn new(post: Post, access: Access) -> Self {
        Self { post, access }
    }

    /// Works until told to stop.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow_and_update() {
            self.run_due().await;
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                told = stop.changed() => if told.is_err() { break },
            }
        }
    }

    /// Gives the notices that are due now; returns how many are done with.
    // MSS #72
    pub async fn run_due(&self) -> usize {
        let now = self.post.now().as_second();
        let due = match record::notices_due(self.post.store(), now, BATCH) {
            Ok(due) => due,
            Err(error) => {
                say(&error);
                return 0;
            }
        };
        let mut done = 0;
        for (at, account, entry) in due {
            match self.give(at, account, entry, now).await {
                Ok(()) => done += 1,
                // Erased meanwhile: its marks go with it.
                Err(NotifyError::Store(StoreError::NoSuchAccount)) => {}
                Err(error) => say(&error),
            }
        }
        done
    }

    async fn give(
        &self,
        at: i64,
        account: AccountId,
        entry: EntryId,
        now: i64,
    ) -> Result<(), NotifyError> {
        let store = self.post.store();
        if record::is_waiting(&store.view(account)?, entry, now)? {
            let told = self.access.notify(account, SUBJECT, TEXT).await?;
            tracing::info!(%account, %entry, told, "told that a document waits");
        }
        let work = move |tx: &mut Transaction<'_>| {
            record::notice_given(tx, at, entry);
            Ok::<_, StoreError>(())
        };
        let _ = store.transact(Actor::SYSTEM, account, work).await?;
        Ok(())
    }
}

fn say(error: &(dyn std::error::Error + 'static)) {
    tracing::error!(error, "a notice waits");
}
