// Moves the code from the link's fragment into the form. Without this script people paste it.
"use strict";

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
