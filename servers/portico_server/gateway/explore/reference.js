"use strict";
const search = document.getElementById("search");
const marked = [...document.querySelectorAll("[data-words]")];
const groups = [...document.querySelectorAll("section, #menu details")];
function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const each of marked) {
    each.hidden = !words.every((word) => each.dataset.words.includes(word));
    found += each.hidden ? 0 : 1;
  }
  for (const group of groups) {
    group.hidden = words.length > 0 && !group.querySelector("[data-words]:not([hidden])");
  }
  document.getElementById("nothing").hidden = found > 0;
}
search.addEventListener("input", filter);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape" && document.activeElement === search) {
    search.value = "";
    filter();
  }
});
filter();
