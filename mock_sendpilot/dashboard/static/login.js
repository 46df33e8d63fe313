// A link from another site brings no SameSite=Strict cookie along: ask whether there is one.
"use strict";
fetch("session").then((response) => response.json()).then((session) => {
  if (session.active) location.replace(document.querySelector("input[name=next]").value);
});
