// The table of claims: filter by verdict, family and words, sort by a column. A claim is a
// <tbody>: its row, and folded beneath it what the row's <details> shows.
"use strict";
const table = document.querySelector("[data-claims]");
const form = document.querySelector("[data-filter]");
if (table && form) {
  const parts = [...table.tBodies];  // in the paper's order, the titles of its sections among them
  const claims = parts.filter((body) => body.className === "comparison");
  const said = form.querySelector("output");
  let sorted = false;
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  form.elements.secondary.addEventListener("input", () => {
    for (const body of claims) opener(body).open = form.elements.secondary.checked;
  });

  function opener(body) {
    return body.rows[0].querySelector("details");
  }

  function filter() {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = form.elements.verdict.value;
    const both = form.elements.secondary.checked;
    let [shown, all] = [0, 0];
    for (const body of claims) {
      const rows = [...body.rows].filter((row) => row.dataset.verdict && (both || row.dataset.family === "primary"));
      const text = body.textContent.toLowerCase();
      const found = words.every((word) => text.includes(word));
      const fitting = rows.filter((row) => found && (!verdict || row.dataset.verdict === verdict));
      // a study that decides about no claim has no verdict to be asked for
      body.hidden = !fitting.length && !(found && !verdict && !body.rows[0].dataset.verdict);
      for (const row of body.rows) if (row.dataset.family === "secondary") row.hidden = both && !fitting.includes(row);
      all += rows.length;
      shown += fitting.length;
    }
    settled();
    said.textContent = `${shown} of ${all} comparisons shown`;
  }

  // A section's title stands above its claims, and a study's in its first row alone; neither
  // where rows are missing or in another order.
  function settled() {
    const asked = form.elements.words.value.trim() || form.elements.verdict.value;
    table.toggleAttribute("data-changed", Boolean(sorted || asked));
    let title = null;
    for (const body of parts) {
      if (body.className === "part") {
        title = body;
        title.hidden = true;
      } else if (!body.hidden && !sorted) title.hidden = false;
    }
  }

  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (!head.dataset.sort) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      // up, down, and back to the paper's order
      const order = { ascending: "descending", descending: "" }[head.getAttribute("aria-sort")] ?? "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      if (order) head.setAttribute("aria-sort", order);
      sorted = order !== "";
      const sign = order === "descending" ? -1 : 1;
      const value = (body) => body.rows[0].cells[column].dataset.value ?? body.rows[0].cells[column].textContent.trim();
      const compare = (a, b) => {
        const [u, v] = [value(a), value(b)];
        if (u === "" || v === "") return (u === "") - (v === "");  // what is not known comes last
        return sign * (head.dataset.sort === "text" ? u.localeCompare(v) : u - v);
      };
      table.append(...(sorted ? [...claims].sort(compare) : parts));
      settled();
    });
  });
  filter();
}
