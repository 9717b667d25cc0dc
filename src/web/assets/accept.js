// Moves the code from the link's fragment into the form, takes it out of whatever is pasted, shows what the invitation
// is for, and ignores the second submission of a double click. Without JavaScript people paste the code themselves, and
// the server takes it out.
"use strict";

const DOUBLE_CLICK_MILLISECONDS = 1000;
const PREFIX = "brms_inv_";
const GENERATED_CHARACTERS = 43;
const CODE_CHARACTER = /[A-Za-z0-9_-]/;
const WELL_FORMED = /^brms_inv_[A-Za-z0-9_-]{32,200}$/;
// What copying may add: white space, control characters, and everything that cannot be seen.
const BLANK = /[\s\p{Cc}\p{Default_Ignorable_Code_Point}\u180e\u2800\ufff9-\ufffb]/u;
const BEFORE_LINE = new RegExp(`^(?:>|${BLANK.source})+`, "u");
const SOFT_BREAK = new RegExp(`=${BLANK.source}*$`, "u");
// Hyphens and underscores behind a code, beyond the length of a generated one.
const FOLLOWED_BY_DASHES = new RegExp(`^(${PREFIX}.{${GENERATED_CHARACTERS}})[-_]+$`);

function decodedRun(run) {
  try {
    return decodeURIComponent(run);
  } catch {
    // Bytes that are no UTF-8 must not keep the others from being decoded.
    return run.replace(/%([0-7][0-9A-Fa-f])/g, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
  }
}

// As often as wrappers around wrapped links may encode it.
function decoded(text) {
  for (let round = 0; round < 5; round++) {
    const next = text.replace(/(?:%[0-9A-Fa-f]{2})+/g, decodedRun);
    if (next === text) {
      break;
    }
    text = next;
  }
  return text;
}

// Without what mail programs add at the ends of lines: > before each line of a quotation, and = where quoted-printable
// breaks one.
function joinedLines(text) {
  const lines = text.split(/[\r\n]/).map((line) => {
    const begun = line.replace(BEFORE_LINE, "");
    const continued = begun.replace(SOFT_BREAK, "");
    return continued === begun ? begun + "\n" : continued;
  });
  return lines.join("");
}

function unwrapped(text) {
  text = decoded(joinedLines(text));
  // urldefense, version 3: https://urldefense.com/v3/__LINK__;Iw!!…
  if (text.includes("/v3/__")) {
    text = text.replaceAll("__;", ";");
  }
  // Version 2 writes - for % and _ for /: https://urldefense.proofpoint.com/v2/url?u=LINK&d=…
  const link = /\/v2\/url\?[^]*?u=([^&]*)/.exec(text);
  return link ? text + "\n" + decoded(link[1].replaceAll("-", "%").replaceAll("_", "/")) : text;
}

// The one code in a text, or null. The server has the same rules: operations/invitations/pasted_code.rs.
function codeIn(text) {
  const letters = [];
  let isAfterBlank = false;
  for (const letter of unwrapped(text)) {
    if (!BLANK.test(letter)) {
      letters.push({ letter: letter.length === 1 ? letter : "?", isAfterBlank });
    }
    isAfterBlank = BLANK.test(letter);
  }
  const joined = letters.map(({ letter }) => letter).join("");
  const codes = new Set();
  for (let start = joined.indexOf(PREFIX); start >= 0;) {
    const next = joined.indexOf(PREFIX, start + PREFIX.length);
    let code = PREFIX;
    for (const { letter, isAfterBlank } of letters.slice(start + PREFIX.length, next < 0 ? undefined : next)) {
      // A word after the code is not a part of it.
      const isWhole = code.length >= PREFIX.length + GENERATED_CHARACTERS;
      if (!CODE_CHARACTER.test(letter) || (isWhole && isAfterBlank)) {
        break;
      }
      code += letter;
    }
    code = code.replace(FOLLOWED_BY_DASHES, "$1");
    if (WELL_FORMED.test(code)) {
      codes.add(code);
    }
    start = next;
  }
  return codes.size === 1 ? [...codes][0] : null;
}

// What was shown last, so that the same code is asked for once.
let shownCode = null;

// Shows the server's page for a code: what the invitation is for, or why it cannot be accepted. The form stays as it is
// if the server does not say.
async function preview(code) {
  if (code === null || code === shownCode) {
    return;
  }
  shownCode = code;
  let response;
  try {
    response = await fetch("preview", { method: "POST", body: new URLSearchParams({ secret: code }) });
  } catch {
    return;
  }
  const text = await response.text();
  if (![200, 404, 410].includes(response.status) || code !== shownCode) {
    return;
  }
  const page = new DOMParser().parseFromString(text, "text/html");
  const main = page.querySelector("main");
  // A proxy, or an earlier version beside this one, may answer with something else.
  if (main === null) {
    return;
  }
  const active = document.activeElement?.id;
  // What was typed meanwhile is kept.
  for (const id of ["firstName", "lastName"]) {
    const [typed, next] = [document, page].map((where) => where.getElementById(id));
    if (typed !== null && next !== null) {
      next.value = typed.value;
    }
  }
  document.title = page.title;
  document.querySelector("main").replaceWith(main);
  document.getElementById(active)?.focus();
  listen();
}

function takeCodeFromAddress() {
  const text = location.hash.slice(1);
  const field = document.getElementById("secret");
  if (text === "" || field === null) {
    return;
  }
  // A malformed code is shown as well: the server rejects it with an explanation.
  field.value = codeIn(text) ?? text;
  // Removes the code from the address bar and from the history of a shared computer.
  history.replaceState(null, "", location.pathname + location.search);
  preview(codeIn(text));
}

function listen() {
  const field = document.getElementById("secret");
  // The text as it was copied: the field itself would lose its line breaks.
  field?.addEventListener("paste", (event) => {
    const code = codeIn(event.clipboardData?.getData("text/plain") ?? "");
    if (code !== null) {
      event.preventDefault();
      field.value = code;
      preview(code);
    }
  });
  // What was dropped or typed.
  field?.addEventListener("change", () => {
    const code = codeIn(field.value);
    field.value = code ?? field.value;
    preview(code);
  });
  // After a second submission the person would see its response: "already used".
  let sentAt = -Infinity;
  document.querySelector("form")?.addEventListener("submit", (event) => {
    if (event.timeStamp - sentAt < DOUBLE_CLICK_MILLISECONDS) {
      event.preventDefault();
    } else {
      sentAt = event.timeStamp;
    }
  });
}

listen();
takeCodeFromAddress();
// Pasting a newer link into the address bar of this page only changes the fragment, without loading anything.
window.addEventListener("hashchange", () => {
  if (document.getElementById("secret") === null || document.querySelector("details") !== null) {
    // What is shown is about another code: load the page with the new one.
    location.reload();
  } else {
    takeCodeFromAddress();
  }
});
