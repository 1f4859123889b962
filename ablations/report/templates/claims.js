// The table of claims: filter by verdict, family and words, sort by a column.
"use strict";
const table = document.querySelector("[data-claims]");
const form = document.querySelector("[data-filter]");
if (table && form) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const said = form.querySelector("output");
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);

  function filter() {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = form.elements.verdict.value;
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = (verdict && row.dataset.verdict !== verdict)
        || (form.elements.primary.checked && row.dataset.family === "secondary")
        || !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    said.textContent = `${shown} of ${rows.length} shown`;
  }

  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (!head.dataset.sort) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      const compare = (a, b) => {
        const [u, v] = [value(a), value(b)];
        if (head.dataset.sort === "text") return sign * u.localeCompare(v);
        if (u === "" || v === "") return (u === "") - (v === "");  // what is not known comes last
        return sign * (u - v);
      };
      body.append(...[...rows].sort(compare));
    });
  });
  filter();
}
