//! THREAD: messages gathered to conversations, by their subjects or by what they refer to.
//!
//! Invariants: each message stands once; no message is below itself; how deep references go, and how many names are
//! remembered, is bounded. Failure: more than that is refused.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use mailstore::StoreError;

use super::candidate::Candidate;
use super::sort::{base_subject, sent_date};
use super::subject::BaseSubject;
use crate::grammar::sort::Algorithm;

/// Names of messages that one THREAD remembers, its own and those referred to.
const MAX_NODES: usize = 500_000;

/// Steps from a message up to the first of its thread; a reference that would go deeper does not count.
const MAX_DEPTH: usize = 500;

/// What is known of a message.
struct Member {
    /// Its number or UID, as it is told.
    number: u32,
    sent: i64,
    subject: BaseSubject,
}

/// A message, or one that others refer to.
#[derive(Default)]
struct Node {
    member: Option<Member>,
    parent: Option<usize>,
    children: Vec<usize>,
}

/// Messages as they are gathered.
pub(super) struct Threading {
    algorithm: Algorithm,
    nodes: Vec<Node>,
    /// Hashes of identifiers, by keys that nobody outside knows.
    names: HashMap<(u64, u64), usize>,
    hashing: (RandomState, RandomState),
}

impl Threading {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        let hashing = (RandomState::new(), RandomState::new());
        Self { algorithm, nodes: Vec::new(), names: HashMap::new(), hashing }
    }

    /// Adds a message.
    pub(super) fn add(
        &mut self,
        candidate: &mut Candidate<'_>,
        number: u32,
    ) -> Result<(), StoreError> {
        let (sent, subject) = (sent_date(candidate)?, base_subject(candidate)?);
        let member = Member { number, sent, subject };
        if self.nodes.len() >= MAX_NODES {
            return Err(StoreError::Limit("messages of one THREAD"));
        }
        if self.algorithm == Algorithm::OrderedSubject {
            self.new_node(Some(member));
            return Ok(());
        }
        let envelope = &candidate.message()?.envelope;
        let (own, follows) = (envelope.bare_message_id(), envelope.follows());
        // RFC 5256 §3, REFERENCES (1)
        let mut before = None;
        for name in &follows {
            let here = self.named(name);
            if let Some(parent) = before
                && self.node(here).is_none_or(|node| node.parent.is_none())
            {
                self.link(parent, here);
            }
            before = Some(here);
        }
        let here = match own.map(|name| self.named(&name)) {
            // Two messages of one name are two.
            Some(here) if self.node(here).is_some_and(|node| node.member.is_none()) => here,
            _ => self.new_node(None),
        };
        if let Some(node) = self.nodes.get_mut(here) {
            node.member = Some(member);
        }
        self.unlink(here);
        if let Some(parent) = before {
            self.link(parent, here);
        }
        Ok(())
    }

    fn node(&self, at: usize) -> Option<&Node> {
        self.nodes.get(at)
    }

    fn new_node(&mut self, member: Option<Member>) -> usize {
        self.nodes.push(Node { member, ..Node::default() });
        self.nodes.len() - 1
    }

    fn named(&mut self, name: &str) -> usize {
        let hash = (self.hashing.0.hash_one(name), self.hashing.1.hash_one(name));
        match self.names.get(&hash) {
            Some(at) => *at,
            None => {
                let at = self.new_node(None);
                self.names.insert(hash, at);
                at
            }
        }
    }

    fn unlink(&mut self, child: usize) {
        let Some(parent) = self.nodes.get_mut(child).and_then(|node| node.parent.take()) else {
            return;
        };
        if let Some(node) = self.nodes.get_mut(parent) {
            node.children.retain(|one| *one != child);
        }
    }

    /// Puts a node below another, unless it is above it, or the way up is too long.
    fn link(&mut self, parent: usize, child: usize) {
        let (mut above, mut steps) = (Some(parent), 0);
        while let Some(at) = above {
            steps += 1;
            if at == child || steps > MAX_DEPTH {
                return;
            }
            above = self.node(at).and_then(|node| node.parent);
        }
        if let Some(node) = self.nodes.get_mut(parent) {
            node.children.push(child);
        }
        if let Some(node) = self.nodes.get_mut(child) {
            node.parent = Some(parent);
        }
    }

    /// The response.
    pub(super) fn write(mut self, out: &mut Vec<u8>) {
        let roots = match self.algorithm {
            Algorithm::OrderedSubject => self.by_subject(),
            Algorithm::References => self.by_references(),
        };
        out.extend_from_slice(b"* THREAD");
        if !roots.is_empty() {
            out.push(b' ');
        }
        for root in roots {
            self.write_thread(root, out);
        }
        out.extend_from_slice(b"\r\n");
    }

    // RFC 5256 §3, ORDEREDSUBJECT
    fn by_subject(&mut self) -> Vec<usize> {
        let mut all: Vec<usize> = (0..self.nodes.len()).collect();
        all.sort_by_key(|at| self.place(*at));
        let (mut roots, mut first_of) = (Vec::new(), HashMap::<String, usize>::new());
        for at in all {
            let subject = self.subject(at).text;
            match first_of.get(&subject) {
                Some(first) => self.link(*first, at),
                None => {
                    first_of.insert(subject, at);
                    roots.push(at);
                }
            }
        }
        roots
    }

    // RFC 5256 §3, REFERENCES (2) to (6)
    fn by_references(&mut self) -> Vec<usize> {
        let mut roots: Vec<usize> = (0..self.nodes.len()).filter(|at| self.is_root(*at)).collect();
        roots = roots.into_iter().flat_map(|root| self.prune(root)).collect();
        roots.sort_by_key(|at| self.place(*at));
        roots = self.gather(roots);
        for at in 0..self.nodes.len() {
            let mut children = match self.nodes.get_mut(at) {
                Some(node) => std::mem::take(&mut node.children),
                None => continue,
            };
            children.sort_by_key(|child| self.place(*child));
            if let Some(node) = self.nodes.get_mut(at) {
                node.children = children;
            }
        }
        roots.sort_by_key(|at| self.place(*at));
        roots
    }

    fn is_root(&self, at: usize) -> bool {
        self.node(at).is_some_and(|node| node.parent.is_none())
    }

    fn is_dummy(&self, at: usize) -> bool {
        self.node(at).is_none_or(|node| node.member.is_none())
    }

    /// When the message was sent, or the first below a dummy, and its number.
    fn place(&self, at: usize) -> (i64, u32) {
        match self.node(at) {
            Some(Node { member: Some(member), .. }) => (member.sent, member.number),
            // The children of a dummy are messages: others are pruned.
            Some(node) => {
                let members =
                    node.children.iter().filter_map(|child| self.node(*child)?.member.as_ref());
                members.map(|member| (member.sent, member.number)).min().unwrap_or_default()
            }
            None => (0, 0),
        }
    }

    fn subject(&self, at: usize) -> BaseSubject {
        let of = |at: usize| self.node(at).and_then(|node| node.member.as_ref());
        let below = || {
            let children = self.node(at).map(|node| node.children.as_slice()).unwrap_or_default();
            let members = children.iter().filter_map(|child| of(*child));
            members.min_by_key(|member| (member.sent, member.number))
        };
        of(at).or_else(below).map(|member| member.subject.clone()).unwrap_or_default()
    }

    /// Takes out dummies below a root; what is to stand in its place.
    // RFC 5256 §3, REFERENCES (3)
    fn prune(&mut self, root: usize) -> Vec<usize> {
        // From the leaves up, without recursion: first the order of a walk, then backwards.
        let (mut walk, mut next) = (vec![root], 0);
        while let Some(at) = walk.get(next).copied() {
            walk.extend(self.node(at).map(|node| node.children.clone()).unwrap_or_default());
            next += 1;
        }
        for at in walk.into_iter().rev() {
            let children = match self.nodes.get_mut(at) {
                Some(node) => std::mem::take(&mut node.children),
                None => continue,
            };
            let mut kept = Vec::with_capacity(children.len());
            for child in children {
                match self.is_dummy(child) {
                    false => kept.push(child),
                    true => {
                        let promoted = self.nodes.get_mut(child);
                        kept.extend(
                            promoted
                                .map(|node| std::mem::take(&mut node.children))
                                .unwrap_or_default(),
                        );
                    }
                }
            }
            if let Some(node) = self.nodes.get_mut(at) {
                node.children = kept;
            }
        }
        let children = self.node(root).map(|node| node.children.clone()).unwrap_or_default();
        // A dummy stays only to hold several together.
        match (self.is_dummy(root), children.len()) {
            (true, 0 | 1) => children,
            _ => vec![root],
        }
    }

    /// Joins threads of one subject.
    // RFC 5256 §3, REFERENCES (5)
    fn gather(&mut self, roots: Vec<usize>) -> Vec<usize> {
        let mut of_subject: HashMap<String, usize> = HashMap::new();
        for root in &roots {
            let subject = self.subject(*root);
            if subject.text.is_empty() {
                continue;
            }
            let replaces = match of_subject.get(&subject.text) {
                None => true,
                Some(before) => {
                    (self.is_dummy(*root) && !self.is_dummy(*before))
                        || (self.subject(*before).is_reply
                            && !subject.is_reply
                            && self.is_dummy(*before) == self.is_dummy(*root))
                }
            };
            if replaces {
                of_subject.insert(subject.text, *root);
            }
        }
        // What a root has become: itself, a dummy in its place, or nothing.
        let mut stands: HashMap<usize, Option<usize>> = HashMap::new();
        for root in &roots {
            let subject = self.subject(*root);
            let Some(with) = of_subject.get(&subject.text).copied().filter(|with| with != root)
            else {
                continue;
            };
            let now = stands.get(&with).copied().flatten().unwrap_or(with);
            stands.insert(*root, None);
            match (self.is_dummy(now), self.is_dummy(*root)) {
                (true, true) => {
                    let children =
                        self.nodes.get_mut(*root).map(|node| std::mem::take(&mut node.children));
                    for child in children.unwrap_or_default() {
                        self.adopt(now, child);
                    }
                }
                (true, false) => self.adopt(now, *root),
                _ if subject.is_reply && !self.subject(now).is_reply => self.adopt(now, *root),
                _ => {
                    let dummy = self.new_node(None);
                    self.adopt(dummy, now);
                    self.adopt(dummy, *root);
                    stands.insert(with, Some(dummy));
                }
            }
        }
        let stand = |root: usize| match stands.get(&root) {
            None => Some(root),
            Some(now) => *now,
        };
        roots.into_iter().filter_map(stand).collect()
    }

    fn adopt(&mut self, parent: usize, child: usize) {
        if let Some(node) = self.nodes.get_mut(parent) {
            node.children.push(child);
        }
        if let Some(node) = self.nodes.get_mut(child) {
            node.parent = Some(parent);
        }
    }

    /// A thread in its parentheses.
    // RFC 5256 §5, thread-list
    fn write_thread(&self, root: usize, out: &mut Vec<u8>) {
        enum Task {
            Open(usize),
            Close,
        }
        let mut tasks = vec![Task::Open(root)];
        while let Some(task) = tasks.pop() {
            let mut at = match task {
                Task::Open(at) => at,
                Task::Close => {
                    out.push(b')');
                    continue;
                }
            };
            out.push(b'(');
            let mut gap = false;
            while let Some(node) = self.node(at) {
                if let Some(member) = &node.member {
                    out.extend_from_slice(if gap { b" " } else { b"" });
                    out.extend_from_slice(member.number.to_string().as_bytes());
                    gap = true;
                }
                match node.children.as_slice() {
                    [] => {
                        out.push(b')');
                        break;
                    }
                    [only] => at = *only,
                    several => {
                        out.extend_from_slice(if gap { b" " } else { b"" });
                        tasks.push(Task::Close);
                        tasks.extend(several.iter().rev().map(|child| Task::Open(*child)));
                        break;
                    }
                }
            }
        }
    }
}
