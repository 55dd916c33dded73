// Comfort for who has scripts; every page works without. What it does: keeps the draft while one writes, says when
// mail arrives and when the session ends, counts the seconds in which a message can be taken back, prints.
// Nothing is loaded from elsewhere, nothing is kept in the browser, no markup is written from texts.
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live) return;
  const said = live.dataset;
  const title = document.title;

  /** Says something in the live region, with actions (label, what to do) if there are some; else for ten seconds. */
  let quiet = 0;
  const hush = () => live.replaceChildren();
  const say = (text, ...actions) => {
    clearTimeout(quiet);
    const words = document.createElement("p");
    words.textContent = text;
    live.replaceChildren(words);
    for (const [label, act] of actions) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button";
      button.textContent = label;
      button.addEventListener("click", act);
      live.append(button);
    }
    if (actions.length === 0) quiet = setTimeout(hush, 10000);
  };

  // The draft, two seconds after the last key, and before the session ends.
  const form = document.querySelector("form[data-writing]");
  const kept = form && form.querySelector("[data-saved]");
  let changed = false;
  let sending = false;
  let timer = 0;
  let request = null;
  const save = async () => {
    clearTimeout(timer);
    if (!form || !changed || sending || request) return;
    changed = false;
    const data = new FormData(form);
    data.delete("files");
    request = new AbortController();
    try {
      const answer = await fetch(form.querySelector("[data-draft]").formAction, {
        method: "POST", body: data, headers: { Accept: "application/json" }, signal: request.signal,
      });
      if (!answer.ok) throw new Error(answer.status);
      const { said: when, left } = await answer.json();
      kept.textContent = when;
      ends(left);
    } catch {
      if (!sending) {
        changed = true;
        kept.textContent = said.unsaved;
        timer = setTimeout(save, 15000);
      }
    }
    request = null;
    if (changed && !sending) timer = timer || setTimeout(save, 2000);
  };
  if (form) {
    form.addEventListener("input", (event) => {
      if (event.target.type === "file") return;
      changed = true;
      clearTimeout(timer);
      timer = setTimeout(save, 2000);
    });
    form.addEventListener("submit", () => {
      sending = true;
      clearTimeout(timer);
      if (request) request.abort();
    });
    // Back from the next page by the browser's own button.
    window.addEventListener("pageshow", () => { sending = false; });
    document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
  }

  // The end of the session: told two minutes before, and again when it is there.
  let warning = 0;
  let over = 0;
  const ends = (left) => {
    clearTimeout(warning);
    clearTimeout(over);
    warning = setTimeout(() => { save(); say(said.ending, [said.stay, stay]); }, Math.max(left - 120, 0) * 1000);
    over = setTimeout(() => location.assign("/login?ended"), (left + 1) * 1000);
  };
  const stay = async () => {
    const body = new URLSearchParams({ csrf: said.csrf });
    const answer = await fetch("/session/stay", { method: "POST", body }).catch(() => null);
    if (!answer || !answer.ok) return location.assign("/login?ended");
    ends((await answer.json()).left);
    say(said.stayed);
  };
  ends(Number(said.left));

  // Mail that arrives, while the page is looked at: browsers have few connections to one site.
  let events = null;
  const listen = () => {
    if (document.hidden) {
      if (events) events.close();
      events = null;
    } else if (!events) {
      events = new EventSource("/events");
      events.addEventListener("message", (event) => {
        const { unread, arrived } = JSON.parse(event.data);
        const count = document.querySelector(".count [data-unread]");
        if (count) count.textContent = unread;
        if (!arrived) return;
        document.title = `(${unread}) ${title}`;
        say(said.arrived, [said.show, () => location.assign("/conversations")], [said.later, hush]);
      });
    }
  };
  document.addEventListener("visibilitychange", listen);
  listen();

  // A message that can be taken back for some seconds.
  const leaving = document.querySelector("[data-leaving]");
  if (leaving) {
    setTimeout(() => {
      leaving.querySelector("h2").textContent = leaving.dataset.leftTitle;
      for (const gone of leaving.querySelectorAll("p, form")) gone.remove();
    }, Number(leaving.dataset.leaving) * 1000);
  }

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
})();
