// Moves the code from the link's fragment into the form, and lets a double click send once.
// Without this script people paste the code and click carefully.
"use strict";

const DOUBLE_CLICK_MILLISECONDS = 1000;

function takeCodeFromAddress() {
  const code = location.hash.slice(1);
  if (code === "") {
    return;
  }
  // A damaged code is shown too: the person sees what is wrong, and the server decides.
  document.getElementById("secret").value = code;
  // It must not stay in the address bar, or in the history of a shared computer.
  history.replaceState(null, "", location.pathname + location.search);
}

takeCodeFromAddress();
// A newer link pasted into the address bar of this very page changes the fragment and loads nothing.
window.addEventListener("hashchange", takeCodeFromAddress);

// Sent twice, the second answer is what the person would see: "already used".
let sentAt = -Infinity;
document.querySelector("form").addEventListener("submit", (event) => {
  if (event.timeStamp - sentAt < DOUBLE_CLICK_MILLISECONDS) {
    event.preventDefault();
  } else {
    sentAt = event.timeStamp;
  }
});
