// Moves the code from the link's fragment into the form, and ignores the second submission of a double click.
// Without JavaScript people paste the code themselves.
"use strict";

const DOUBLE_CLICK_MILLISECONDS = 1000;

function takeCodeFromAddress() {
  const code = location.hash.slice(1);
  if (code === "") {
    return;
  }
  // A malformed code is shown as well: the server rejects it with an explanation.
  document.getElementById("secret").value = code;
  // Removes the code from the address bar and from the history of a shared computer.
  history.replaceState(null, "", location.pathname + location.search);
}

takeCodeFromAddress();
// Pasting a newer link into the address bar of this page only changes the fragment, without loading anything.
window.addEventListener("hashchange", takeCodeFromAddress);

// After a second submission the person would see its response: "already used".
let sentAt = -Infinity;
document.querySelector("form").addEventListener("submit", (event) => {
  if (event.timeStamp - sentAt < DOUBLE_CLICK_MILLISECONDS) {
    event.preventDefault();
  } else {
    sentAt = event.timeStamp;
  }
});
