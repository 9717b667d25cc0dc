// Moves the code from the link's fragment into the form. It sends nothing by itself: the person presses the button, so
// that nobody is signed in by a page that was only opened. Without script people type or paste the code.
"use strict";

const CODE = /^[0-9A-Za-z]{4}-[0-9A-Za-z]{4}$/;

function takeCodeFromAddress() {
  const text = location.hash.slice(1);
  if (text === "") {
    return;
  }
  // Removes the code from the address bar and from the history of a shared computer.
  history.replaceState(null, "", location.pathname + location.search);
  const other = document.getElementById("other-browser");
  if (other !== null && CODE.test(text)) {
    // This browser has not asked for a code.
    other.hidden = false;
    return;
  }
  const field = document.getElementById("code");
  field.value = text;
  field.closest("details")?.setAttribute("open", "");
  field.form.querySelector("button").focus();
}

takeCodeFromAddress();
// Another link in the address bar of this page only changes the fragment.
window.addEventListener("hashchange", takeCodeFromAddress);
